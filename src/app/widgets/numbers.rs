//! How numbers and odd characters are written for people: a point, a true minus, no more digits than they bear.

use std::fmt::Write as _;

use crate::domain::numbers::MINUS;
pub use crate::domain::numbers::{tick, weight};

/// A space that no line is broken at.
const GLUE: char = '\u{a0}';

/// A log-probability (nats) as a percentage of three significant digits; below one in ten thousand only that it is less.
pub fn percent(log_probability: f64) -> String {
    share(log_probability.exp())
}

/// A probability from 0 to 1 as a percentage, as [`percent`] writes it.
pub fn share(probability: f64) -> String {
    let percent = probability * 100.0;
    if percent.is_nan() {
        return "–".to_owned();
    }
    let number = if percent < 0.01 {
        "<0.01".to_owned()
    } else if percent < 0.099_95 {
        format!("{percent:.4}")
    } else if percent < 0.999_5 {
        format!("{percent:.3}")
    } else if percent < 9.995 {
        format!("{percent:.2}")
    } else if percent < 99.95 {
        format!("{percent:.1}")
    } else if probability < 1.0 - 1e-9 {
        ">99.9".to_owned()
    } else {
        "100".to_owned()
    };
    format!("{number}{GLUE}%")
}

/// A log-probability (nats) as a percentage for a narrow column: at most two decimals, and no sign of percent.
pub fn percent_short(log_probability: f64) -> String {
    let percent = log_probability.exp() * 100.0;
    if percent.is_nan() {
        "–".to_owned()
    } else if percent < 0.01 {
        "<0.01".to_owned()
    } else if percent < 9.995 {
        format!("{percent:.2}")
    } else if percent < 99.95 {
        format!("{percent:.1}")
    } else {
        "100".to_owned()
    }
}

/// Nats for a narrow column: one decimal below ten, none from there on.
pub fn nats_short(value: f64) -> String {
    signed(value, usize::from(value.abs() < 9.95))
}

/// Nats with two decimals and an explicit sign; what rounds to nothing has none.
pub fn nats(value: f64) -> String {
    signed(value, 2)
}

/// A number with that many decimals and an explicit sign; what rounds to nothing has none.
pub fn signed(value: f64, decimals: usize) -> String {
    if value.is_nan() {
        return "–".to_owned();
    }
    let size = if value.is_infinite() {
        "∞".to_owned()
    } else {
        format!("{:.decimals$}", value.abs())
    };
    if size.chars().all(|c| matches!(c, '0' | '.')) {
        size
    } else if value < 0.0 {
        format!("{MINUS}{size}")
    } else {
        format!("+{size}")
    }
}

/// A count, its thousands apart.
pub fn count(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(GLUE);
        }
        text.push(digit);
    }
    text
}

/// `guided(v) − base(v)` in words: how much likelier guidance made a token.
pub fn likelier(influence: f64) -> String {
    let times = influence.abs().exp();
    let number = if times < 9.95 {
        format!("{times:.1}")
    } else {
        format!("{times:.0}")
    };
    if influence.is_nan() || times < 1.05 {
        "about as likely with guidance as without".to_owned()
    } else if times > 1e4 {
        let more = if influence > 0.0 { "more" } else { "less" };
        format!("over 10{GLUE}000 times {more} likely with guidance")
    } else if influence > 0.0 {
        format!("{number} times likelier with guidance")
    } else {
        format!("{number} times less likely with guidance")
    }
}

/// A token's characters with spaces, line breaks and unprintable ones made visible.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' | '\u{2581}' => shown.push('␣'),
            '\n' => shown.push('↵'),
            '\t' => shown.push('→'),
            char::REPLACEMENT_CHARACTER => shown.push('□'),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "<0x{:02X}>", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Bytes as people read them on labels: `270 MB`, `3.4 GB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["bytes", "kB", "MB"] {
        if size < 999.5 {
            return format!("{size:.0} {unit}");
        }
        size /= 1000.0;
    }
    if size < 9.95 {
        format!("{size:.1} GB")
    } else {
        format!("{size:.0} GB")
    }
}

/// Many of something in few digits: `135 M`, `1.5 B`.
#[must_use]
pub fn many(number: u64) -> String {
    match number as f64 {
        n if n < 999.5 => format!("{n:.0}"),
        n if n < 999_500.0 => format!("{:.0} k", n / 1e3),
        n if n < 9_950_000.0 => format!("{:.1} M", n / 1e6),
        n if n < 999_500_000.0 => format!("{:.0} M", n / 1e6),
        n if n < 9_950_000_000.0 => format!("{:.1} B", n / 1e9),
        n => format!("{:.0} B", n / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_few_digits() {
        let told: Vec<String> = [
            12,
            5_400_000,
            269_060_552,
            999_600_000,
            3_422_777_952,
            13_480_000_000,
        ]
        .into_iter()
        .map(bytes)
        .collect();
        assert_eq!(
            told,
            ["12 bytes", "5 MB", "269 MB", "1.0 GB", "3.4 GB", "13 GB"]
        );
        let told: Vec<String> = [64, 31_000, 1_240_000, 134_515_008, 6_738_415_616]
            .into_iter()
            .map(many)
            .collect();
        assert_eq!(told, ["64", "31 k", "1.2 M", "135 M", "6.7 B"]);
    }

    #[test]
    fn probabilities_have_three_digits_and_a_floor() {
        let p = |p: f64| share(p).replace('\u{a0}', " ");
        assert_eq!(p(0.123_45), "12.3 %");
        assert_eq!(p(0.012_345), "1.23 %");
        assert_eq!(p(0.001_234_5), "0.123 %");
        assert_eq!(p(0.000_123_45), "0.0123 %");
        assert_eq!(p(0.000_099), "<0.01 %");
        assert_eq!(p(0.0), "<0.01 %");
        assert_eq!(p(0.099_96), "10.0 %");
        assert_eq!(p(0.999_9), ">99.9 %");
        assert_eq!(p(1.0), "100 %");
        assert_eq!(percent(0.5f64.ln()).replace('\u{a0}', " "), "50.0 %");
        assert_eq!(percent(f64::NAN), "–");
    }

    #[test]
    fn numbers_in_narrow_columns_are_short() {
        let p = |p: f64| percent_short(p.ln());
        assert_eq!(p(0.412), "41.2");
        assert_eq!(p(0.009), "0.90");
        assert_eq!(p(0.000_01), "<0.01");
        assert_eq!(p(0.999_9), "100");
        assert_eq!(nats_short(-9.94), "−9.9");
        assert_eq!(nats_short(-9.96), "−10");
    }

    #[test]
    fn nats_carry_their_sign_unless_they_round_to_nothing() {
        assert_eq!(nats(1.234), "+1.23");
        assert_eq!(nats(-1.236), "−1.24");
        assert_eq!(nats(-0.004), "0.00");
        assert_eq!(nats(f64::NEG_INFINITY), "−∞");
        assert_eq!(nats(f64::NAN), "–");
        assert_eq!(signed(-12.0, 0), "−12");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567).replace('\u{a0}', " "), "1 234 567");
    }

    #[test]
    fn influence_reads_as_a_sentence() {
        assert_eq!(likelier(0.01), "about as likely with guidance as without");
        assert_eq!(likelier(3f64.ln()), "3.0 times likelier with guidance");
        assert_eq!(
            likelier(-(40f64.ln())),
            "40 times less likely with guidance"
        );
        assert!(likelier(100.0).starts_with("over 10"));
    }

    #[test]
    fn spaces_and_odd_characters_are_visible() {
        assert_eq!(visible(" a\n"), "␣a↵");
        assert_eq!(visible("\u{1b}"), "<0x1B>");
        assert_eq!(visible("<0xE2>"), "<0xE2>");
    }
}
