use super::*;
use crate::model::tiny::RandomWeights;

fn number_type(name: &str) -> NumberType {
    let all = (0..64).filter_map(NumberType::from_id);
    all.into_iter().find(|known| known.name == name).unwrap()
}

/// Random numbers as blocks of a type, by candle's own rounding.
fn blocks(kind: GgmlDType, count: usize, seed: u64) -> Vec<u8> {
    let mut numbers = vec![0.0; count];
    RandomWeights::new(seed).fill(&mut numbers, 0.1, 2.0);
    let tensor = Tensor::from_vec(numbers, count, &Device::Cpu).unwrap();
    let rounded = QTensor::quantize(&tensor, kind).unwrap();
    rounded.data().unwrap().into_owned()
}

#[test]
fn four_and_five_bits_with_one_scale_fit_into_eight_without_loss() {
    for (name, kind) in [("Q4_0", GgmlDType::Q4_0), ("Q5_0", GgmlDType::Q5_0)] {
        let stored = number_type(name);
        let mut bytes = blocks(kind, 256, 7);
        // Every pattern of bits is a block, not only those that rounding makes.
        for (index, byte) in bytes.iter_mut().enumerate().skip(2 * stored.block_bytes) {
            if index % stored.block_bytes > 1 {
                *byte = (index * 37 % 256) as u8;
            }
        }
        let mut expected = vec![0.0; 256];
        unpack(stored, &bytes, &mut expected).unwrap();
        let mut eight = vec![0; 8 * 34];
        as_q8(stored, &bytes, &mut eight);
        let mut found = vec![0.0; 256];
        unpack(number_type("Q8_0"), &eight, &mut found).unwrap();
        assert_eq!(
            expected.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            found.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            "{name}"
        );
    }
}

#[test]
fn rows_that_stand_interleaved_are_found() {
    // A head of eight: pairs (0, 4), (1, 5), (2, 6), (3, 7) stand side by side in the file.
    let places: Vec<usize> = (0..16).map(|row| neighbour(row, 8)).collect();
    assert_eq!(
        places,
        [0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15]
    );
}

#[test]
fn what_is_kept_takes_what_is_said() {
    for (name, expected) in [
        ("Q8_0", "Q8_0 as in the file"),
        ("Q4_K", "Q4_K as in the file"),
        ("Q5_0", "Q5_0 as Q8_0, which holds the same numbers"),
        ("Q6_K", "Q6_K as f16"),
        ("BF16", "BF16 as in the file"),
        ("F32", "F32 as in the file"),
    ] {
        let stored = number_type(name);
        assert_eq!(Kept::of(stored, None).words(stored), expected);
        let plain = Kept::of(stored, Some(DType::BF16));
        assert_eq!(plain, Kept::Plain(Plain::Bf16));
        assert_eq!(plain.bytes(3, 5), 30);
    }
    let q4k = Kept::of(number_type("Q4_K"), None);
    let packed = Packed::quantise(Format::Q4K, &vec![0.5; 20 * 256], 20, 256).unwrap();
    assert_eq!(q4k.bytes(20, 256), packed.bytes() as u64);
    let q8 = Kept::of(number_type("Q4_0"), None);
    let packed = Packed::quantise(Format::Q8_0, &[0.5; 20 * 64], 20, 64).unwrap();
    assert_eq!(q8.bytes(20, 64), packed.bytes() as u64);
}
