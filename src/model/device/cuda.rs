//! CUDA: its libraries and its cards.

use candle_core::Device;
use candle_core::cuda_backend::cudarc::driver::{CudaContext, DriverError, sys};

use super::{Picked, unusable};
use crate::domain::machine::Card;
use crate::model::error::ModelError;

/// Every card that the driver knows.
///
/// # Errors
/// The driver or a library is missing, or the driver finds no card.
pub(super) fn cards() -> Result<Vec<Card>, ModelError> {
    (0..count()?).map(seen).collect()
}

/// One card.
///
/// # Errors
/// As [`open`].
pub(super) fn card(number: usize) -> Result<Card, ModelError> {
    exists(number)?;
    seen(number)
}

/// What the driver tells of a card. It is asked from within a context, so what that takes itself is not free any more.
fn seen(number: usize) -> Result<Card, ModelError> {
    let none = |error: DriverError| unusable("CUDA", &words(error));
    let card = CudaContext::new(number).map_err(none)?;
    let memory = card.mem_get_info().ok();
    Ok(Card {
        device: format!("cuda:{number}"),
        name: card.name().map_err(none)?,
        free_bytes: memory.map(|(free, _)| free as u64),
        total_bytes: memory.map(|(_, all)| all as u64),
    })
}

/// How many cards the driver knows.
fn count() -> Result<usize, ModelError> {
    load_libraries()?;
    let count = CudaContext::device_count().map_err(|error| unusable("CUDA", &words(error)))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Opens a card.
///
/// # Errors
/// As [`cards`]; also a number that no card has.
pub(super) fn open(number: usize) -> Result<Picked, ModelError> {
    exists(number)?;
    let words = format!("CUDA GPU {number}");
    let device = Device::new_cuda(number).map_err(|error| unusable(&words, &error))?;
    Ok(Picked { device, words })
}

/// Checks that there is a card of this number.
fn exists(number: usize) -> Result<(), ModelError> {
    let count = count()?;
    if number < count {
        return Ok(());
    }
    Err(ModelError::Device {
        summary: format!("there is no CUDA GPU {number}: this machine has {count}"),
        hint: match count.checked_sub(1) {
            Some(last) => format!("Use --device cuda:0 to cuda:{last}, or --device cpu"),
            None => "Use --device cpu".to_owned(),
        },
    })
}

/// Loads what the functions of CUDA are in, or says what is missing.
fn load_libraries() -> Result<(), ModelError> {
    #[cfg(target_os = "linux")]
    {
        use crate::model::kernels::libraries::load;
        // The libraries' versions are those that this program was built with.
        let version = sys::CUDA_VERSION / 1000;
        load("libcuda.so.1").map_err(|reason| ModelError::Device {
            summary: format!("CUDA cannot be used, because the NVIDIA driver is missing: {reason}"),
            hint: "Install the NVIDIA driver, or use --device cpu".to_owned(),
        })?;
        for library in [
            format!("libcublas.so.{version}"),
            "libcurand.so.10".to_owned(),
        ] {
            load(&library).map_err(|reason| ModelError::Device {
                summary: format!("CUDA cannot be used, because a library is missing: {reason}"),
                hint: format!(
                    "Install the libraries of CUDA {version} where the system finds them, or use --device cpu"
                ),
            })?;
        }
    }
    Ok(())
}

/// What the driver says.
fn words(error: DriverError) -> String {
    error.error_string().map_or_else(
        |_| error.to_string(),
        |text| text.to_string_lossy().into_owned(),
    )
}
