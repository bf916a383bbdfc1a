//! The number types of GGUF tensors: what each is called, how large its blocks are, and which of them can be read.

use candle_core::quantized::GgmlDType;

/// How the numbers of a tensor are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberType {
    /// Its number in files.
    id: u32,
    /// What people call it, for example `Q4_K`.
    pub name: &'static str,
    /// Numbers per block.
    pub block_len: usize,
    /// Bytes per block.
    pub block_bytes: usize,
}

const fn of(id: u32, name: &'static str, block_len: usize, block_bytes: usize) -> NumberType {
    NumberType {
        id,
        name,
        block_len,
        block_bytes,
    }
}

/// All types of the format (ggml, `ggml.h` and `ggml-common.h`), readable here or not.
const ALL: [NumberType; 34] = [
    of(0, "F32", 1, 4),
    of(1, "F16", 1, 2),
    of(2, "Q4_0", 32, 18),
    of(3, "Q4_1", 32, 20),
    of(6, "Q5_0", 32, 22),
    of(7, "Q5_1", 32, 24),
    of(8, "Q8_0", 32, 34),
    of(9, "Q8_1", 32, 36),
    of(10, "Q2_K", 256, 84),
    of(11, "Q3_K", 256, 110),
    of(12, "Q4_K", 256, 144),
    of(13, "Q5_K", 256, 176),
    of(14, "Q6_K", 256, 210),
    of(15, "Q8_K", 256, 292),
    of(16, "IQ2_XXS", 256, 66),
    of(17, "IQ2_XS", 256, 74),
    of(18, "IQ3_XXS", 256, 98),
    of(19, "IQ1_S", 256, 50),
    of(20, "IQ4_NL", 32, 18),
    of(21, "IQ3_S", 256, 110),
    of(22, "IQ2_S", 256, 82),
    of(23, "IQ4_XS", 256, 136),
    of(24, "I8", 1, 1),
    of(25, "I16", 1, 2),
    of(26, "I32", 1, 4),
    of(27, "I64", 1, 8),
    of(28, "F64", 1, 8),
    of(29, "IQ1_M", 256, 56),
    of(30, "BF16", 1, 2),
    of(34, "TQ1_0", 256, 54),
    of(35, "TQ2_0", 256, 66),
    of(39, "MXFP4", 32, 17),
    of(40, "NVFP4", 64, 36),
    of(41, "Q1_0", 128, 18),
];

/// What to say beside the name of a type that cannot be read.
pub(super) const READABLE: &str = "Use a file in F32, F16, BF16, Q8_0, Q6_K, Q5_K, Q4_K, Q3_K, Q2_K, Q5_1, Q5_0, Q4_1 or Q4_0: \
     most models are offered in several of them";

impl NumberType {
    /// The type with this number in files, where there is one.
    pub(in crate::model) fn from_id(id: u32) -> Option<Self> {
        ALL.into_iter().find(|known| known.id == id)
    }

    /// What reads it, where something does.
    pub(in crate::model) fn readable(self) -> Option<GgmlDType> {
        Some(match self.name {
            "F32" => GgmlDType::F32,
            "F16" => GgmlDType::F16,
            "BF16" => GgmlDType::BF16,
            "Q4_0" => GgmlDType::Q4_0,
            "Q4_1" => GgmlDType::Q4_1,
            "Q5_0" => GgmlDType::Q5_0,
            "Q5_1" => GgmlDType::Q5_1,
            "Q8_0" => GgmlDType::Q8_0,
            "Q2_K" => GgmlDType::Q2K,
            "Q3_K" => GgmlDType::Q3K,
            "Q4_K" => GgmlDType::Q4K,
            "Q5_K" => GgmlDType::Q5K,
            "Q6_K" => GgmlDType::Q6K,
            _ => return None,
        })
    }

    /// Bytes of so many numbers in whole blocks; none where they are no whole blocks or too many.
    #[must_use]
    pub fn bytes(self, numbers: usize) -> Option<usize> {
        if !numbers.is_multiple_of(self.block_len) {
            return None;
        }
        (numbers / self.block_len).checked_mul(self.block_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_as_large_as_those_that_are_read() {
        let mut readable = 0;
        for known in ALL {
            let Some(read) = known.readable() else {
                continue;
            };
            readable += 1;
            let sizes = (read.block_size(), read.type_size());
            assert_eq!(
                sizes,
                (known.block_len, known.block_bytes),
                "{}",
                known.name
            );
        }
        assert_eq!(readable, 13);
    }

    #[test]
    fn no_two_types_share_a_number_or_a_name() {
        for (index, one) in ALL.iter().enumerate() {
            for other in &ALL[..index] {
                assert!(one.id != other.id && one.name != other.name, "{}", one.name);
            }
        }
        assert_eq!(NumberType::from_id(4), None);
        assert_eq!(NumberType::from_id(17).map(|t| t.name), Some("IQ2_XS"));
    }

    #[test]
    fn only_whole_blocks_have_a_size() {
        let q4k = NumberType::from_id(12).unwrap();
        assert_eq!((q4k.bytes(512), q4k.bytes(500)), (Some(288), None));
        let f32 = NumberType::from_id(0).unwrap();
        assert_eq!((f32.bytes(3), f32.bytes(usize::MAX)), (Some(12), None));
    }
}
