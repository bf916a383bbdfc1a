//! Where a scale of values ends, and where its marks stand.

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

/// The smallest of 1, 2, 5 times a power of ten that is not below `size`; 1 where that is no number above 0.
#[must_use]
pub fn round_up(size: f64) -> f64 {
    if !(size.is_finite() && size > 0.0) {
        return 1.0;
    }
    let power = size.log10().floor() as i32;
    // As a decimal number is read: a product of powers ends in noise that a mark on the scale would show.
    let marks = [(1, power), (2, power), (5, power), (1, power + 1)];
    let marks = marks.map(|(lead, power)| format!("{lead}e{power}").parse().unwrap_or(size));
    let enough = |mark: &f64| size <= mark * (1.0 + 1e-9);
    marks.into_iter().find(enough).unwrap_or(size)
}

/// Round numbers from `low` to `high`, about `count` of them, and how far they are apart.
#[must_use]
pub fn ticks(low: f64, high: f64, count: f64) -> (Vec<f64>, f64) {
    let step = round_up((high - low) / count);
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    let more = (last - first).clamp(0.0, 2.0 * count + 2.0) as usize;
    let ticks = (0..=more).map(|index| (first + index as f64) * step);
    (ticks.collect(), step)
}

/// From below the least to above the largest of values with half intervals; intervals widen it by half the distance of
/// the values at most, on either side, so that no interval makes the values a heap in the middle. From −0.57 to 0.57 where
/// there is none.
#[must_use]
pub fn span(values: impl Iterator<Item = (f64, f64)> + Clone) -> [f64; 2] {
    let ends = |[low, high]: [f64; 2], [a, b]: [f64; 2]| [low.min(a), high.max(b)];
    let none = [f64::INFINITY, f64::NEG_INFINITY];
    let dots = values.clone().map(|(value, _)| [value, value]);
    let [low, high] = dots.fold(none, ends);
    let room = high - low;
    let bars = values.filter(|(_, half)| half.is_finite());
    let bars = bars.map(|(value, half)| [value - half, value + half]);
    let [least, most] = bars.fold([low, high], ends);
    let (low, high) = if !room.is_finite() {
        (-0.5, 0.5)
    } else if room > 1e-9 {
        (least.max(low - room / 2.0), most.min(high + room / 2.0))
    } else if most - least > 1e-9 {
        (least, most)
    } else {
        (low - 0.5, high + 0.5)
    };
    let margin = 0.07 * (high - low);
    [low - margin, high + margin]
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
        for (size, wanted) in [
            (4.5e-6, "0.000005"),
            (0.3, "0.5"),
            (7e-9, "0.00000001"),
            (7e22, "1e23"),
        ] {
            let wanted: f64 = wanted.parse().unwrap();
            assert_eq!(limit([size]).to_bits(), wanted.to_bits(), "{size}");
        }
    }

    #[test]
    fn marks_stand_at_round_numbers() {
        let (marks, step) = ticks(-0.02, 0.74, 4.0);
        assert_eq!(marks.len(), 4);
        assert!((marks[3] - 0.6).abs() < 1e-9 && (step - 0.2).abs() < 1e-9);
        assert_eq!(ticks(0.0, 180.0, 3.0).0, [0.0, 100.0]);
        assert_eq!(ticks(0.0, 0.0, 4.0).0, [0.0]);
        for bad in [f64::NAN, 0.0, -1.0, f64::INFINITY] {
            assert!((round_up(bad) - 1.0).abs() < 1e-12);
        }
    }

    /// In ten-thousandths.
    fn of(values: &[(f64, f64)]) -> [i64; 2] {
        span(values.iter().copied()).map(|end| (end * 1e4).round() as i64)
    }

    #[test]
    fn wide_intervals_leave_the_dots_apart() {
        // 7 % on either side.
        assert_eq!(of(&[(0.0, 0.0), (1.0, 0.0)]), [-700, 10_700]);
        assert_eq!(of(&[(0.0, 0.0), (1.0, 0.25)]), [-875, 13_375]);
        // An interval of 9 widens it by 0.5 on either side only.
        assert_eq!(of(&[(0.0, 0.0), (1.0, 9.0)]), [-6400, 16_400]);
        assert_eq!(of(&[(0.0, f64::INFINITY), (1.0, 0.0)]), [-700, 10_700]);
        // One dot alone, and none.
        assert_eq!(of(&[(2.0, 1.0)]), [8600, 31_400]);
        assert_eq!(of(&[(2.0, 0.0)]), [14_300, 25_700]);
        assert_eq!(of(&[]), [-5700, 5700]);
    }
}
