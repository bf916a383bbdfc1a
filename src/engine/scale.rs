//! Where a scale of values ends.

/// The 95th percentile of the values' sizes, rounded up to 1, 2 or 5 times a power of ten: a scale to that reads well, and
/// few values lie beyond it. What is not finite does not count; without any value it is 1.
#[must_use]
pub fn limit(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sizes: Vec<f64> = values
        .into_iter()
        .filter(|value| value.is_finite())
        .map(f64::abs)
        .collect();
    let rank = (sizes.len() as f64 * 0.95).ceil() as usize;
    let size = rank.checked_sub(1).map_or(0.0, |index| {
        *sizes.select_nth_unstable_by(index, f64::total_cmp).1
    });
    if size > 1e-9 { round_up(size) } else { 1.0 }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `size`.
fn round_up(size: f64) -> f64 {
    let power = 10f64.powf(size.log10().floor());
    let lead = size / power;
    let step = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|step| lead <= step * (1.0 + 1e-9))
        .unwrap_or(10.0);
    step * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_round_number_that_few_values_exceed() {
        let close = |values: &[f64], wanted: f64| {
            let found = limit(values.iter().copied());
            assert!((found - wanted).abs() < 1e-9, "{found} is not {wanted}");
        };
        close(&[], 1.0);
        close(&[0.0], 1.0);
        close(&[1.7, -0.3], 2.0);
        close(&[-3.1, f64::NEG_INFINITY], 5.0);
        close(&[0.06], 0.1);
        let many: Vec<f64> = (0..100).map(|i| if i < 96 { 0.9 } else { 30.0 }).collect();
        close(&many, 1.0);
    }
}
