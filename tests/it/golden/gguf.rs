//! GGUF files: the same models, numbers and tokens as those that they were made from.

use std::collections::BTreeMap;
use std::fs;

use candle_core::{DType, Device};
use counterpoise::domain::CancelToken;
use counterpoise::model::decoder::TensorSource;
use counterpoise::model::folder::Folder;
use counterpoise::model::gguf::{Gguf, GgufSource};
use counterpoise::model::text::Text;
use serde::Deserialize;

use super::library::library_rows_of;
use crate::common::golden;

fn open(name: &str) -> Gguf {
    let folder = Folder::Directory(golden("gguf"));
    Gguf::open(&folder, &format!("{name}.gguf"), "the base model").unwrap()
}

macro_rules! families {
    ($($family:ident),*) => {$(
        #[test]
        fn $family() {
            let lineup = golden("gguf").join(concat!(stringify!($family), ".toml"));
            library_rows_of(&lineup, stringify!($family));
        }
    )*};
}

/// A GGUF base with the family's adapters, sentences and whole models against PyTorch.
mod lineups_on_a_gguf_base_give_pytorchs_rows {
    use super::{golden, library_rows_of};

    families!(llama2, llama3, qwen2, qwen3, smollm);
}

#[derive(Deserialize)]
struct Awkward {
    texts: Vec<String>,
    ids: BTreeMap<String, Vec<Vec<u32>>>,
}

#[test]
fn tokenizers_read_awkward_texts_as_those_they_were_made_from() {
    let file = fs::read_to_string(golden("gguf").join("awkward.json")).unwrap();
    let awkward: Awkward = serde_json::from_str(&file).unwrap();
    assert_eq!(awkward.ids.len(), 7);
    for (name, all) in &awkward.ids {
        let text = Text::from_gguf(&open(name), "the base model", &[]).unwrap();
        assert_eq!(all.len(), awkward.texts.len());
        for (awkward, expected) in awkward.texts.iter().zip(all) {
            let ids = text.encode(awkward).unwrap();
            assert_eq!(&ids, expected, "{name}: {awkward:?}");
            // What is read is written again, but for what composing changes and a first space that is put there.
            let mut pieces = text.detokenizer();
            let mut written: String = ids.iter().map(|&id| pieces.push(id)).collect();
            written.push_str(&pieces.finish());
            let is_plain = name != "tokens_qwen2" && !awkward.contains("\u{2581}");
            if is_plain && !ids.is_empty() {
                assert_eq!(written.trim_start(), awkward.trim_start(), "{name}");
            }
        }
    }
}

#[test]
fn templates_starts_and_ends_are_those_of_the_file() {
    let llama2 = Text::from_gguf(&open("llama2"), "the base model", &[2]).unwrap();
    assert_eq!(llama2.ends(), [2]);
    assert_eq!(llama2.encode_prompt("a").unwrap()[0], 1);
    let folder = Folder::Directory(golden("llama2/base"));
    let theirs = Text::open(&folder, "the base model", &[2]).unwrap();
    assert_eq!(llama2.texts(320), theirs.texts(320));
    let llama3 = Text::from_gguf(&open("llama3"), "the base model", &[]).unwrap();
    assert_eq!(llama3.ends(), [319]);
    assert!(llama3.template(Some("chat"), "the base model").is_ok());
    let bare = Text::from_gguf(&open("tokens_digits"), "the base model", &[]).unwrap();
    assert!(bare.template(Some("chat"), "the base model").is_err());
    assert_eq!(bare.encode_prompt("a").unwrap(), bare.encode("a").unwrap());
    // The end of a turn is known by its name.
    assert_eq!(bare.ends().len(), 1);
}

#[test]
fn blocks_of_every_type_unpack_to_the_bits_of_the_reference() {
    let file = fs::read_to_string(golden("gguf").join("blocks.json")).unwrap();
    let expected: BTreeMap<String, Vec<u32>> = serde_json::from_str(&file).unwrap();
    assert_eq!(expected.len(), 13);
    let blocks = open("blocks");
    let cancel = CancelToken::default();
    let mut ignore = |_: f32| {};
    let target = (Some(DType::F32), &Device::Cpu);
    let mut source = GgufSource::new(&blocks, "blocks", target, 8, &mut ignore, &cancel);
    for (name, expected) in expected {
        let tensor = source.tensor(&name, &[2, 256]).unwrap();
        let numbers: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
        for (index, (found, expected)) in numbers.iter().zip(&expected).enumerate() {
            let expected = f32::from_bits(*expected);
            // The reference adds and multiplies in the same order, but for the sign of nothing.
            assert!(
                found.to_bits() == expected.to_bits() || (*found == 0.0 && expected == 0.0),
                "{name}: number {index} is {found} where the reference has {expected}"
            );
        }
    }
}
