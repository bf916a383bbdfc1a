//! Numbers as everybody sees them: in the window, on pages and in pictures.

/// The sign of what is below 0.
pub const MINUS: char = '\u{2212}';

/// A weight with as many decimals as it takes to tell it from its neighbours: two from a tenth on.
#[must_use]
pub fn weight(value: f64) -> String {
    let decimals = if value == 0.0 || value.abs() >= 0.1 {
        2
    } else if value.abs() >= 0.01 {
        3
    } else {
        4
    };
    format!("{value:.decimals$}")
}

/// A mark on a scale: signed, without needless zeros.
#[must_use]
pub fn tick(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let sign = if value < 0.0 { MINUS } else { '+' };
    format!("{sign}{}", value.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_weights_keep_two_digits() {
        let told = [0.0, 1.5, 0.1, 0.053, 0.0053].map(weight);
        assert_eq!(told, ["0.00", "1.50", "0.10", "0.053", "0.0053"]);
    }

    #[test]
    fn ticks_have_no_needless_zeros() {
        assert_eq!(tick(2.0), "+2");
        assert_eq!(tick(-0.05), "−0.05");
        assert_eq!(tick(0.0), "0");
    }
}
