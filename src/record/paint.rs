//! The window's colours as pages and vector pictures write them.

use std::fmt::Write;

use crate::domain::Colour;
use crate::domain::paint::Rgb;
pub(crate) use crate::domain::paint::{DARK, LIGHT, Paints};

/// A colour as six digits.
pub(crate) fn digits([red, green, blue]: Rgb) -> String {
    format!("{red:02x}{green:02x}{blue:02x}")
}

/// A colour as a page or picture writes it.
pub(crate) fn css(colour: Rgb) -> String {
    format!("#{}", digits(colour))
}

/// All colours of a theme, as a page's style names them.
pub(crate) fn variables(paints: &Paints) -> String {
    let own = [
        ("window", paints.window),
        ("panel", paints.panel),
        ("well", paints.well),
        ("border", paints.border),
        ("border-strong", paints.border_strong),
        ("text", paints.text),
        ("weak", paints.weak),
        ("accent", paints.accent),
        ("accent-soft", paints.accent_soft),
        ("above", paints.above),
        ("below", paints.below),
        ("warning", paints.warning),
    ];
    let objectives = Colour::ALL.map(Colour::name).into_iter();
    let mut out = String::new();
    for (name, colour) in own.into_iter().chain(objectives.zip(paints.objectives)) {
        // Writing to a string cannot fail.
        let _ = write!(out, "--{name}: {}; ", css(colour));
    }
    out.trim_end().to_owned()
}

/// Behind a word whose value lies at `place` of the scale, from −1 to 1.
pub(crate) fn heat(paints: &Paints, place: f64) -> String {
    let stops = &paints.signed;
    let x = (0.5 + place.clamp(-1.0, 1.0) / 2.0) * (stops.len() - 1) as f64;
    let low = (x.floor() as usize).min(stops.len() - 2);
    let part = x - low as f64;
    let (a, b) = (stops[low], stops[low + 1]);
    css([0, 1, 2].map(|channel| {
        let (a, b) = (f64::from(a[channel]), f64::from(b[channel]));
        (a + (b - a) * part).round() as u8
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_lie_between_their_stops() {
        assert_eq!(heat(&LIGHT, 0.0), "#ffffff");
        assert_eq!(heat(&LIGHT, -1.0), "#f29a43");
        assert_eq!(heat(&LIGHT, 9.0), "#5da3e9");
        assert_eq!(heat(&DARK, 1.0 / 16.0), "#1d222c");
        let all = variables(&LIGHT);
        assert!(all.starts_with("--window: #f3f4f7; --panel"), "{all}");
        assert!(all.ends_with("--red: #bb4947; --violet: #7f64cc;"), "{all}");
    }
}
