//! The colours of pages and vector pictures, which are those of the window; a test of its theme compares them.

use std::fmt::Write;

/// The colours of one theme, each as six digits.
#[derive(Debug)]
pub(crate) struct Paints {
    /// By name, as a page's style has them.
    pub(crate) named: [(&'static str, &'static str); 18],
    /// From the full orange of values below zero over paper to the full blue.
    pub(crate) signed: [&'static str; 17],
}

/// Dark words on light paper.
pub(crate) const LIGHT: Paints = Paints {
    named: [
        ("window", "f3f4f7"),
        ("panel", "ffffff"),
        ("well", "f6f7f9"),
        ("border", "e2e5eb"),
        ("border-strong", "ccd1da"),
        ("text", "1b2028"),
        ("weak", "5a6371"),
        ("accent", "4b4fcc"),
        ("accent-soft", "ebecfb"),
        ("above", "2f7fd0"),
        ("below", "d9730d"),
        ("warning", "8a5700"),
        ("teal", "209e90"),
        ("plum", "8d3960"),
        ("ochre", "c17c19"),
        ("blue", "306095"),
        ("red", "bb4947"),
        ("violet", "7f64cc"),
    ],
    signed: [
        "f29a43", "f4a760", "f7b479", "f9c190", "fbcea7", "fddabd", "fee6d3", "fff3e9", "ffffff",
        "ebf4fd", "d7e8fb", "c3ddf8", "afd2f6", "9cc6f3", "87bbf0", "73afec", "5da3e9",
    ],
};

/// Light words on dark paper.
pub(crate) const DARK: Paints = Paints {
    named: [
        ("window", "13151a"),
        ("panel", "1b1e24"),
        ("well", "22262e"),
        ("border", "2c313a"),
        ("border-strong", "404653"),
        ("text", "e8eaee"),
        ("weak", "9da5b2"),
        ("accent", "969bff"),
        ("accent-soft", "2a2c4d"),
        ("above", "5ca6ee"),
        ("below", "e88c30"),
        ("warning", "e8b04a"),
        ("teal", "52ddca"),
        ("plum", "c880b0"),
        ("ochre", "f2c442"),
        ("blue", "8db6f4"),
        ("red", "e36751"),
        ("violet", "8583f1"),
    ],
    signed: [
        "954e0d", "854818", "75421e", "653c21", "563724", "473125", "382b25", "292425", "1b1e24",
        "1e2633", "202f43", "223754", "234065", "244877", "255189", "255a9b", "2463ae",
    ],
};

impl Paints {
    /// The colour of that name, as a page or picture writes it.
    pub(crate) fn get(&self, name: &str) -> String {
        let found = self.named.iter().find(|(known, _)| *known == name);
        format!("#{}", found.map_or("000000", |(_, digits)| digits))
    }

    /// All of them, as a page's style names them.
    pub(crate) fn variables(&self) -> String {
        let mut out = String::new();
        for (name, digits) in self.named {
            // Writing to a string cannot fail.
            let _ = write!(out, "--{name}: #{digits}; ");
        }
        out.trim_end().to_owned()
    }

    /// Behind a word whose value lies at `place` of the scale, from −1 to 1.
    pub(crate) fn heat(&self, place: f64) -> String {
        let x = (0.5 + place.clamp(-1.0, 1.0) / 2.0) * (self.signed.len() - 1) as f64;
        let low = (x.floor() as usize).min(self.signed.len() - 2);
        let part = x - low as f64;
        let ends = [self.signed[low], self.signed[low + 1]];
        let mut out = String::from("#");
        for channel in 0..3 {
            let digits = 2 * channel..2 * channel + 2;
            let [a, b] = ends.map(|end| u8::from_str_radix(&end[digits.clone()], 16).unwrap_or(0));
            let mixed = f64::from(a) + (f64::from(b) - f64::from(a)) * part;
            let _ = write!(out, "{:02x}", mixed.round() as u8);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_lie_between_their_stops() {
        assert_eq!(LIGHT.heat(0.0), "#ffffff");
        assert_eq!(LIGHT.heat(-1.0), "#f29a43");
        assert_eq!(LIGHT.heat(9.0), "#5da3e9");
        assert_eq!(DARK.heat(1.0 / 16.0), "#1d222c");
        assert_eq!(DARK.get("text"), "#e8eaee");
        assert!(LIGHT.variables().starts_with("--window: #f3f4f7; --panel"));
    }
}
