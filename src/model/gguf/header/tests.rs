use candle_core::Device;
use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QStorage, QTensor};

use super::{Fault, List, Value as Fact, read};

fn file(facts: &[(&str, Value)], tensors: &[(&str, &QTensor)]) -> Vec<u8> {
    let facts: Vec<_> = facts.iter().map(|(name, value)| (*name, value)).collect();
    let mut into = std::io::Cursor::new(Vec::new());
    gguf_file::write(&mut into, &facts, tensors).unwrap();
    into.into_inner()
}

fn tensor(bytes: Vec<u8>, kind: GgmlDType, shape: (usize, usize)) -> QTensor {
    let storage = QStorage::from_data(bytes.into(), &Device::Cpu, kind).unwrap();
    QTensor::new(storage, shape).unwrap()
}

fn sample() -> Vec<u8> {
    let texts = ["a", "ß", ""].map(|text| Value::String(text.to_owned()));
    let scores = [0.0, -1.5, 2.0].map(Value::F32);
    file(
        &[
            ("general.architecture", Value::String("llama".to_owned())),
            ("llama.block_count", Value::U32(2)),
            ("llama.rope.freq_base", Value::F32(500_000.0)),
            ("some.least", Value::I64(-3)),
            ("tokenizer.ggml.add_bos_token", Value::Bool(true)),
            ("tokenizer.ggml.tokens", Value::Array(texts.to_vec())),
            ("tokenizer.ggml.scores", Value::Array(scores.to_vec())),
        ],
        &[
            ("x", &tensor((0..24).collect(), GgmlDType::F32, (2, 3))),
            ("y", &tensor(vec![7; 34], GgmlDType::Q8_0, (1, 32))),
        ],
    )
}

#[test]
fn facts_lists_and_tensors_are_found_at_their_places() {
    let data = sample();
    let header = read(&data).unwrap();
    for (name, expected) in [
        ("llama.block_count", Fact::Whole(2)),
        ("some.least", Fact::Whole(-3)),
        ("llama.rope.freq_base", Fact::Number(500_000.0)),
        ("tokenizer.ggml.add_bos_token", Fact::Flag(true)),
        ("general.architecture", Fact::Text("llama".to_owned())),
    ] {
        assert_eq!(header.values[name], expected, "{name}");
    }
    let list = |name: &str| -> List {
        match header.values[name] {
            Fact::List(list) => list,
            ref other => panic!("{other:?}"),
        }
    };
    let tokens: Vec<&[u8]> = list("tokenizer.ggml.tokens")
        .texts(&data)
        .unwrap()
        .collect();
    assert_eq!(tokens, ["a".as_bytes(), "ß".as_bytes(), b""]);
    let scores: Vec<f64> = list("tokenizer.ggml.scores")
        .numbers(&data)
        .unwrap()
        .collect();
    assert_eq!(scores, [0.0, -1.5, 2.0]);
    assert!(list("tokenizer.ggml.scores").texts(&data).is_none());
    let x = &header.tensors["x"];
    assert_eq!(
        (x.number_type.name, x.shape.as_slice()),
        ("F32", &[2, 3][..])
    );
    assert_eq!(data[x.from..][..x.bytes], (0..24).collect::<Vec<u8>>());
    let y = &header.tensors["y"];
    assert_eq!(data[y.from..][..y.bytes], [7; 34]);
}

#[test]
fn a_file_cut_anywhere_is_found_out() {
    let data = sample();
    // Behind the last tensor's bytes there is only padding.
    let last = &read(&data).unwrap().tensors["y"];
    for len in 0..last.from + last.bytes {
        assert!(read(&data[..len]).is_err(), "cut behind {len} bytes");
    }
}

#[test]
fn a_file_with_any_byte_changed_is_read_or_refused_and_takes_no_memory() {
    let data = sample();
    for place in 0..data.len() {
        for byte in [0, 0x7F, 0xFF] {
            let mut changed = data.clone();
            changed[place] = byte;
            // Nothing is promised but an answer.
            let _ = read(&changed);
        }
    }
}

#[test]
fn sizes_that_cannot_be_are_refused_before_anything_is_taken() {
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut data = sample();
        change(&mut data);
        match read(&data).unwrap_err() {
            Fault::Broken(why) | Fault::Unsupported(why, _) => why,
        }
    };
    let put = |at: usize, number: u64| {
        move |data: &mut Vec<u8>| data[at..at + 8].copy_from_slice(&number.to_le_bytes())
    };
    assert!(refused(&put(8, u64::MAX)).contains("tensors"));
    assert!(refused(&put(16, 1 << 40)).contains("facts"));
    // The length of the first name.
    assert!(refused(&put(24, 1 << 30)).contains("cannot be"));
    assert!(refused(&|data| data[4] = 1).contains("version 1"));
    assert!(refused(&|data| data[4..8].copy_from_slice(&[0, 0, 0, 3])).contains("reverse"));
    assert!(refused(&|data| data[0] = b'g').contains("not a GGUF file"));
}

#[test]
fn alignments_that_cannot_be_are_refused() {
    let x = tensor(vec![0; 4], GgmlDType::F32, (1, 1));
    for alignment in [0, 3, -8] {
        let data = file(
            &[("general.alignment", Value::I32(alignment))],
            &[("x", &x)],
        );
        assert!(read(&data).is_err(), "{alignment}");
    }
    let data = file(&[("general.alignment", Value::U32(32))], &[("x", &x)]);
    assert_eq!(read(&data).map(|header| header.tensors.len()), Ok(1));
}
