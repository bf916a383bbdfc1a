use candle_core::quantized::gguf_file::{self, Value};

use super::*;
use crate::model::folder::Folder;

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn texts(list: &[&str]) -> Value {
    Value::Array(list.iter().map(|item| text(item)).collect())
}

/// A file of these facts alone.
fn file(facts: &[(&str, Value)]) -> Gguf {
    let folder = tempfile::tempdir().unwrap();
    let facts: Vec<_> = facts.iter().map(|(name, fact)| (*name, fact)).collect();
    let mut into = std::fs::File::create(folder.path().join("x.gguf")).unwrap();
    gguf_file::write(&mut into, &facts, &[]).unwrap();
    let folder = Folder::Directory(folder.path().to_owned());
    Gguf::open(&folder, "x.gguf", "the base model").unwrap()
}

/// Facts of a small tokenizer of the kind `gpt2`.
fn bytes(pre: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text(pre)),
        (
            "tokenizer.ggml.tokens",
            texts(&["a", "b", "ab", "<|end|>", "[PAD4]", "[PAD5]"]),
        ),
        (
            "tokenizer.ggml.token_type",
            Value::Array([1, 1, 1, 3, 5, 5].map(Value::I32).to_vec()),
        ),
        ("tokenizer.ggml.merges", texts(&["a b"])),
    ]
}

fn complaint(facts: &[(&str, Value)]) -> String {
    let error = Text::from_gguf(&file(facts), "the base model", &[]);
    error.unwrap_err().to_string()
}

#[test]
fn ends_of_turns_are_known_and_room_for_further_tokens_is_none() {
    let made = Text::from_gguf(&file(&bytes("gpt-2")), "the base model", &[]).unwrap();
    assert_eq!(made.encode("abba<|end|>").unwrap(), [2, 1, 0, 3]);
    assert_eq!(made.ends(), [3]);
    assert_eq!(made.size(), 4);
    assert!(made.is_special(3) && !made.is_special(2));
}

#[test]
fn ends_outside_the_vocabulary_are_left_out() {
    let mut facts = bytes("gpt-2");
    facts.push(("tokenizer.ggml.eos_token_id", Value::U32(77)));
    let made = Text::from_gguf(&file(&facts), "the base model", &[77, 3]).unwrap();
    assert_eq!(made.ends(), [3]);
}

#[test]
fn tokenizers_that_are_not_made_are_named() {
    let cases = [
        (bytes("deepseek-llm"), "as deepseek-llm does"),
        (bytes("default"), "does not say how it cuts"),
        (vec![], "has no list of tokens"),
        (
            vec![("tokenizer.ggml.tokens", texts(&["a"]))],
            "without a tokenizer",
        ),
        (
            vec![
                ("tokenizer.ggml.model", text("t5")),
                ("tokenizer.ggml.tokens", texts(&["a"])),
            ],
            "of the kind t5",
        ),
        (
            vec![
                ("tokenizer.ggml.model", text("llama")),
                ("tokenizer.ggml.tokens", texts(&["a", "b"])),
            ],
            "2 tokens and 0 scores",
        ),
        (
            vec![("tokenizer.ggml.tokens", texts(&["a", "b", "a"]))],
            "“a” as 0 and as 2",
        ),
    ];
    for (facts, expected) in cases {
        let found = complaint(&facts);
        assert!(found.contains(expected), "{found}");
    }
    let mut facts = bytes("gpt-2");
    facts.push(("tokenizer.ggml.add_bos_token", Value::Bool(true)));
    assert!(complaint(&facts).contains("start token"));
}
