//! Which device computes, and why, in words.

use candle_core::{DType, Device};

use super::error::ModelError;

/// A device and the reason that it was picked.
#[derive(Debug, Clone)]
pub struct Picked {
    /// Where to compute.
    pub device: Device,
    /// In words, for example `CPU, 2 threads: this build has no GPU support`.
    pub words: String,
}

/// Picks a device: `auto` (or nothing), `cpu`, `cuda`, `cuda:N` or `metal`. `threads` counts on the CPU only.
///
/// # Errors
/// An unknown name, or a device that this build or this machine does not have.
pub fn pick(wanted: Option<&str>, threads: Option<usize>) -> Result<Picked, ModelError> {
    let wanted = wanted.unwrap_or("auto");
    match wanted {
        "cpu" => Ok(cpu(threads, "")),
        "cuda" => cuda(0),
        "metal" => metal(),
        "auto" => Ok(auto(threads)),
        other => match other.strip_prefix("cuda:").map(str::parse) {
            Some(Ok(number)) => cuda(number),
            Some(Err(_)) | None => Err(ModelError::Usage(format!(
                "there is no device {other}: use auto, cpu, cuda, cuda:N or metal"
            ))),
        },
    }
}

/// What weights are computed in: `auto` (or nothing), `f32`, `f16` or `bf16`; `stated` is the dtype of the files.
///
/// # Errors
/// An unknown name.
pub fn dtype(wanted: Option<&str>, stated: Option<&str>) -> Result<DType, ModelError> {
    match wanted.unwrap_or("auto") {
        "f32" => Ok(DType::F32),
        "f16" => Ok(DType::F16),
        "bf16" => Ok(DType::BF16),
        // The processor widens each number when it is read, so what is computed is the same and takes half the memory.
        "auto" => Ok(match stated {
            Some("float16") => DType::F16,
            Some("bfloat16") => DType::BF16,
            Some(_) | None => DType::F32,
        }),
        other => Err(ModelError::Usage(format!(
            "there is no dtype {other}: use auto, f32, f16 or bf16"
        ))),
    }
}

/// The first threads asked for decide for the whole run of the program: the pool of threads is made once.
fn cpu(threads: Option<usize>, reason: &str) -> Picked {
    if let Some(threads) = threads {
        // An error means that the pool exists already; its size is stated either way.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global();
    }
    let threads = rayon::current_num_threads();
    let plural = if threads == 1 { "" } else { "s" };
    let reason = if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    };
    Picked {
        device: Device::Cpu,
        words: format!("CPU, {threads} thread{plural}{reason}"),
    }
}

fn auto(threads: Option<usize>) -> Picked {
    if cfg!(feature = "cuda") {
        return cuda(0).unwrap_or_else(|error| cpu(threads, &error.to_string()));
    }
    if cfg!(feature = "metal") {
        return metal().unwrap_or_else(|error| cpu(threads, &error.to_string()));
    }
    cpu(threads, "this build has no GPU support")
}

fn cuda(number: usize) -> Result<Picked, ModelError> {
    if !cfg!(feature = "cuda") {
        return Err(ModelError::Device {
            summary: "this build has no CUDA support".to_owned(),
            hint: "Use --device cpu, or build with --features cuda".to_owned(),
        });
    }
    open("CUDA GPU", number, || Device::new_cuda(number))
}

fn metal() -> Result<Picked, ModelError> {
    if !cfg!(feature = "metal") {
        return Err(ModelError::Device {
            summary: "this build has no Metal support".to_owned(),
            hint: "Use --device cpu, or build with --features metal on a Mac".to_owned(),
        });
    }
    open("Metal GPU", 0, || Device::new_metal(0))
}

/// Opens a GPU. Its libraries are loaded at that moment and panic where they are not installed.
fn open(
    kind: &str,
    number: usize,
    make: impl FnOnce() -> candle_core::Result<Device> + std::panic::UnwindSafe,
) -> Result<Picked, ModelError> {
    let reason = match std::panic::catch_unwind(make) {
        Ok(Ok(device)) => {
            return Ok(Picked {
                device,
                words: format!("{kind} {number}"),
            });
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "its driver or libraries are not installed".to_owned(),
    };
    let reason = reason.lines().next().unwrap_or_default().to_owned();
    Err(ModelError::Device {
        summary: format!("{kind} {number} cannot be used: {reason}"),
        hint: "Use --device cpu".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picked_device_is_explained() {
        assert!(pick(Some("cpu"), None).unwrap().words.starts_with("CPU, "));
        if !cfg!(any(feature = "cuda", feature = "metal")) {
            let auto = pick(None, None).unwrap();
            assert!(
                auto.words.ends_with("this build has no GPU support"),
                "{}",
                auto.words
            );
            let error = pick(Some("cuda:1"), None).unwrap_err();
            assert_eq!(error.to_string(), "this build has no CUDA support");
        }
    }

    #[test]
    fn unknown_devices_and_dtypes_are_wrong_usage() {
        assert!(matches!(pick(Some("gpu"), None), Err(ModelError::Usage(_))));
        assert!(matches!(
            pick(Some("cuda:x"), None),
            Err(ModelError::Usage(_))
        ));
        assert!(matches!(
            dtype(Some("int4"), None),
            Err(ModelError::Usage(_))
        ));
    }

    #[test]
    fn weights_are_kept_as_their_files_have_them_unless_told_otherwise() {
        let of = |wanted| dtype(wanted, Some("bfloat16")).unwrap();
        assert_eq!(of(None), DType::BF16);
        assert_eq!(of(Some("auto")), DType::BF16);
        assert_eq!(of(Some("f32")), DType::F32);
        assert_eq!(dtype(None, None).unwrap(), DType::F32);
    }
}
