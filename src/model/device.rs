//! Which device computes, and why, in words.

use candle_core::{DType, Device};

use super::error::ModelError;
use crate::domain::machine::{Card, Room};

#[cfg(feature = "cuda")]
mod cuda;

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
            Some(Err(_)) | None => Err(unknown(other)),
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

/// The graphics cards that this build can compute on; none where it computes on the processor alone.
///
/// # Errors
/// The driver or a library is missing, or the driver finds no card.
pub fn cards() -> Result<Vec<Card>, ModelError> {
    #[cfg(feature = "cuda")]
    let cards = cuda::cards();
    #[cfg(not(feature = "cuda"))]
    let cards = if cfg!(feature = "metal") {
        metal_card().map(|card| vec![card])
    } else {
        Ok(Vec::new())
    };
    cards
}

/// The memory that models would lie in on a device; `free_bytes` are free of the machine's own. No device is picked by that.
///
/// # Errors
/// As [`pick`].
pub fn room(wanted: Option<&str>, free_bytes: Option<u64>) -> Result<Room, ModelError> {
    let machine = Room::Machine(free_bytes);
    let on = |card: Card| Room::Card(card, free_bytes);
    match wanted.unwrap_or("auto") {
        // Without a card that works, the processor computes.
        "auto" if cfg!(feature = "cuda") => Ok(cuda_card(0).map_or(machine, on)),
        "auto" if cfg!(feature = "metal") => Ok(metal_card().map_or(machine, on)),
        "cpu" | "auto" => Ok(machine),
        "cuda" => cuda_card(0).map(on),
        "metal" => metal_card().map(on),
        other => match other.strip_prefix("cuda:").map(str::parse) {
            Some(Ok(number)) => cuda_card(number).map(on),
            Some(Err(_)) | None => Err(unknown(other)),
        },
    }
}

fn unknown(device: &str) -> ModelError {
    ModelError::Usage(format!(
        "there is no device {device}: use auto, cpu, cuda, cuda:N or metal"
    ))
}

#[cfg(feature = "cuda")]
fn cuda_card(number: usize) -> Result<Card, ModelError> {
    cuda::card(number)
}

#[cfg(not(feature = "cuda"))]
fn cuda_card(_: usize) -> Result<Card, ModelError> {
    Err(without_cuda())
}

#[cfg(feature = "cuda")]
fn cuda(number: usize) -> Result<Picked, ModelError> {
    cuda::open(number)
}

#[cfg(not(feature = "cuda"))]
fn cuda(_: usize) -> Result<Picked, ModelError> {
    Err(without_cuda())
}

#[cfg(not(feature = "cuda"))]
fn without_cuda() -> ModelError {
    ModelError::Device {
        summary: "this build has no CUDA support".to_owned(),
        hint: "Use --device cpu, or build with --features cuda".to_owned(),
    }
}

/// The Mac's GPU, and how much of the memory that it shares with the processor the system would give it.
fn metal_card() -> Result<Card, ModelError> {
    let picked = metal()?;
    #[cfg(feature = "metal")]
    let (free_bytes, total_bytes) = picked.device.as_metal_device().map_or((None, None), |gpu| {
        let gpu = gpu.metal_device();
        let all = gpu.recommended_max_working_set_size();
        let free = all.saturating_sub(gpu.current_allocated_size());
        (Some(free as u64), Some(all as u64))
    });
    #[cfg(not(feature = "metal"))]
    let (free_bytes, total_bytes) = (None, None);
    Ok(Card {
        device: "metal".to_owned(),
        name: picked.words,
        free_bytes,
        total_bytes,
    })
}

fn metal() -> Result<Picked, ModelError> {
    if !cfg!(feature = "metal") {
        return Err(ModelError::Device {
            summary: "this build has no Metal support".to_owned(),
            hint: "Use --device cpu, or build with --features metal on a Mac".to_owned(),
        });
    }
    let device = Device::new_metal(0).map_err(|error| unusable("Metal GPU 0", &error))?;
    Ok(Picked {
        device,
        words: "Metal GPU 0".to_owned(),
    })
}

/// A GPU that refuses, with the first line of its reason.
fn unusable(what: &str, reason: &impl ToString) -> ModelError {
    let reason = reason.to_string();
    ModelError::Device {
        summary: format!(
            "{what} cannot be used: {}",
            reason.lines().next().unwrap_or_default()
        ),
        hint: "Use --device cpu".to_owned(),
    }
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
            assert_eq!(cards().unwrap(), []);
            let error = room(Some("cuda"), None).unwrap_err();
            assert_eq!(error.to_string(), "this build has no CUDA support");
            assert!(matches!(
                room(None, Some(7)).unwrap(),
                Room::Machine(Some(7))
            ));
        }
    }

    #[test]
    fn unknown_devices_and_dtypes_are_wrong_usage() {
        assert!(matches!(pick(Some("gpu"), None), Err(ModelError::Usage(_))));
        assert!(matches!(
            room(Some("cuda:x"), None),
            Err(ModelError::Usage(_))
        ));
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
