//! The kernels and their tests without the rest of the program: for Miri, sanitizers and emulators of other processors,
//! which take long to build the whole or cannot run it. See README.md.

#![allow(dead_code, reason = "what the rest of the program uses")]

#[path = "../../../src/model"]
pub mod model {
    pub mod kernels;

    /// Of the program's errors the one that kernels report.
    pub mod error {
        /// Lengths that do not fit each other.
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        pub struct ModelError(String);

        impl ModelError {
            /// What does not fit, and what to do.
            pub fn misfit(summary: impl Into<String>, hint: impl Into<String>) -> Self {
                Self(format!("{}: {}", summary.into(), hint.into()))
            }
        }
    }

    /// Numbers for tests, as the program makes them.
    #[cfg(test)]
    pub mod tiny {
        /// The generator splitmix64.
        pub struct RandomWeights(u64);

        impl RandomWeights {
            /// Depends on nothing but the seed.
            pub fn new(seed: u64) -> Self {
                Self(seed)
            }

            /// Evenly spread over −1 to 1.
            pub fn number(&mut self) -> f32 {
                self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
            }
        }
    }
}
