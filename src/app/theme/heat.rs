//! Colours of values: two diverging maps and two sequential ones of our own, and the scale that values are laid on.
//!
//! The diverging maps run along straight lines in the `OKLab` colour space from the paper's tone to an orange and to a
//! blue, so that equal steps of a value look like equal steps of colour, and blue and orange stay apart under every
//! common kind of colour blindness. No stop is so strong that the words on it become hard to read.

use egui::{Color32, lerp};

use super::{Palette, rgb};
use crate::domain::paint::{self, Rgb};
use crate::engine::scale::limit;

/// Orange for values below zero, the pane's paper at zero, blue above; lightness falls evenly towards both ends.
const LIGHT_SIGNED: [Color32; 17] = inks(paint::LIGHT.signed);

/// The same on dark paper: lightness rises towards both ends.
const DARK_SIGNED: [Color32; 17] = inks(paint::DARK.signed);

/// From paper to violet, for values that have one end only.
const LIGHT_RAW: [Color32; 17] = [
    rgb(0xff, 0xff, 0xff),
    rgb(0xfa, 0xf8, 0xfd),
    rgb(0xf5, 0xf0, 0xfb),
    rgb(0xf0, 0xe9, 0xf9),
    rgb(0xeb, 0xe1, 0xf8),
    rgb(0xe6, 0xda, 0xf6),
    rgb(0xe1, 0xd3, 0xf3),
    rgb(0xdc, 0xcb, 0xf1),
    rgb(0xd7, 0xc4, 0xef),
    rgb(0xd2, 0xbd, 0xed),
    rgb(0xcd, 0xb5, 0xeb),
    rgb(0xc8, 0xae, 0xe9),
    rgb(0xc4, 0xa7, 0xe6),
    rgb(0xbf, 0xa0, 0xe4),
    rgb(0xba, 0x98, 0xe2),
    rgb(0xb5, 0x91, 0xdf),
    rgb(0xb1, 0x89, 0xdd),
];

/// The same on dark paper.
const DARK_RAW: [Color32; 17] = [
    rgb(0x1b, 0x1e, 0x24),
    rgb(0x20, 0x21, 0x2b),
    rgb(0x25, 0x24, 0x32),
    rgb(0x2b, 0x27, 0x39),
    rgb(0x30, 0x2a, 0x40),
    rgb(0x35, 0x2d, 0x48),
    rgb(0x3b, 0x2f, 0x4f),
    rgb(0x40, 0x32, 0x57),
    rgb(0x46, 0x35, 0x5f),
    rgb(0x4c, 0x38, 0x67),
    rgb(0x52, 0x3b, 0x6e),
    rgb(0x57, 0x3d, 0x76),
    rgb(0x5d, 0x40, 0x7f),
    rgb(0x63, 0x43, 0x87),
    rgb(0x69, 0x46, 0x8f),
    rgb(0x6f, 0x49, 0x97),
    rgb(0x75, 0x4b, 0xa0),
];

/// What the values on a scale can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleKind {
    /// Below and above zero: a map with paper in its middle.
    Signed,
    /// Zero and below, such as log-probabilities: paper at zero, strong at the far end.
    Negative,
    /// Zero and above, such as entropies: paper at zero.
    Positive,
}

/// How values become colours and bar heights: everything from `-limit` to `limit`, what lies beyond being cut off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeatScale {
    /// Which values there are.
    pub kind: ScaleKind,
    /// The value of the strongest colour, nats; above 0.
    pub limit: f64,
}

impl HeatScale {
    /// The scale for `values`: the 95th percentile of their sizes, rounded up to 1, 2 or 5 times a power of ten. Not a number
    /// and infinite values do not count; without any value the limit is 1.
    pub fn for_values(kind: ScaleKind, values: impl IntoIterator<Item = f64>) -> Self {
        Self {
            kind,
            limit: limit(values),
        }
    }

    /// Where `value` lies, from −1 to 1; what is no number lies at 0.
    pub fn position(&self, value: f64) -> f32 {
        if value.is_nan() {
            return 0.0;
        }
        (value / self.limit).clamp(-1.0, 1.0) as f32
    }

    /// Whether `value` lies beyond the scale, so that its colour and bar say too little.
    pub fn is_cut(&self, value: f64) -> bool {
        value.abs() > self.limit * (1.0 + 1e-9)
    }

    /// Background for a word of that value.
    pub fn color(&self, palette: &Palette, value: f64) -> Color32 {
        let t = self.position(value);
        match self.kind {
            ScaleKind::Signed => heat_color(palette, t),
            ScaleKind::Negative => raw_color(palette, -t),
            ScaleKind::Positive => raw_color(palette, t),
        }
    }
}

/// Colour at `t` of the diverging map: −1 is the full orange, 0 the paper, 1 the full blue.
pub fn heat_color(palette: &Palette, t: f32) -> Color32 {
    let table = if palette.is_dark {
        &DARK_SIGNED
    } else {
        &LIGHT_SIGNED
    };
    sample(table, 0.5 + t.clamp(-1.0, 1.0) / 2.0)
}

/// Colour at `t` of the sequential map: 0 is the paper, 1 the full violet.
pub fn raw_color(palette: &Palette, t: f32) -> Color32 {
    let table = if palette.is_dark {
        &DARK_RAW
    } else {
        &LIGHT_RAW
    };
    sample(table, t.clamp(0.0, 1.0))
}

/// A colour that everybody paints with, as the window has it.
pub(super) const fn ink([red, green, blue]: Rgb) -> Color32 {
    rgb(red, green, blue)
}

/// The same for a whole row of them.
pub(super) const fn inks<const N: usize>(colours: [Rgb; N]) -> [Color32; N] {
    let mut inks = [Color32::TRANSPARENT; N];
    let mut at = 0;
    while at < N {
        inks[at] = ink(colours[at]);
        at += 1;
    }
    inks
}

fn sample(table: &[Color32], t: f32) -> Color32 {
    let x = t * (table.len() - 1) as f32;
    let low = (x.floor() as usize).min(table.len() - 2);
    let part = x - low as f32;
    let (a, b) = (table[low].to_array(), table[low + 1].to_array());
    let [r, g, b] = [0, 1, 2].map(|i| lerp(f32::from(a[i])..=f32::from(b[i]), part).round() as u8);
    Color32::from_rgb(r, g, b)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "limits are chosen from a short list")]
pub(super) mod tests {
    use super::super::{DARK, LIGHT};
    use super::*;

    /// Kinds of colour vision; full strength, matrices of Machado, Oliveira and Fernandes (2009) on linear RGB.
    #[derive(Debug, Clone, Copy)]
    pub(in super::super) enum Vision {
        Usual,
        Protanopia,
        Deuteranopia,
        Tritanopia,
    }

    impl Vision {
        pub(in super::super) const ALL: [Self; 4] = [
            Self::Usual,
            Self::Protanopia,
            Self::Deuteranopia,
            Self::Tritanopia,
        ];

        /// Linear RGB as such an eye sees it.
        pub(in super::super) fn see(self, colour: Color32) -> [f64; 3] {
            let m = match self {
                Self::Usual => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
                Self::Protanopia => [
                    [0.152_286, 1.052_583, -0.204_868],
                    [0.114_503, 0.786_281, 0.099_216],
                    [-0.003_882, -0.048_116, 1.051_998],
                ],
                Self::Deuteranopia => [
                    [0.367_322, 0.860_646, -0.227_968],
                    [0.280_085, 0.672_501, 0.047_413],
                    [-0.011_820, 0.042_940, 0.968_881],
                ],
                Self::Tritanopia => [
                    [1.255_528, -0.076_749, -0.178_779],
                    [-0.078_411, 0.930_809, 0.147_602],
                    [0.004_733, 0.691_367, 0.303_900],
                ],
            };
            let c = linear(colour);
            m.map(|row: [f64; 3]| (row[0] * c[0] + row[1] * c[1] + row[2] * c[2]).clamp(0.0, 1.0))
        }
    }

    fn linear(colour: Color32) -> [f64; 3] {
        [colour.r(), colour.g(), colour.b()].map(|byte| {
            let c = f64::from(byte) / 255.0;
            if c <= 0.040_45 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    fn luminance(colour: Color32) -> f64 {
        let [r, g, b] = linear(colour);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// WCAG 2 contrast ratio.
    pub(in super::super) fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    fn oklab([r, g, b]: [f64; 3]) -> [f64; 3] {
        let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
        let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
        let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
        [
            0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
            1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
            0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
        ]
    }

    /// Distance of two linear colours in `OKLab`; 0.02 is a just noticeable difference.
    pub(in super::super) fn oklab_distance(a: [f64; 3], b: [f64; 3]) -> f64 {
        let (a, b) = (oklab(a), oklab(b));
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
    }

    fn lightness(colour: Color32) -> f64 {
        oklab(linear(colour))[0]
    }

    #[test]
    fn words_are_readable_on_every_stop_of_every_map() {
        for (palette, tables) in [
            (LIGHT, [LIGHT_SIGNED, LIGHT_RAW]),
            (DARK, [DARK_SIGNED, DARK_RAW]),
        ] {
            for stop in tables.concat() {
                let ratio = contrast(palette.text, stop);
                assert!(ratio >= 4.5, "{stop:?}: {ratio:.2}");
            }
        }
    }

    #[test]
    fn lightness_moves_one_way_on_each_side_of_zero() {
        for (table, darker_outwards) in [(LIGHT_SIGNED, true), (DARK_SIGNED, false)] {
            let middle = table.len() / 2;
            for step in 1..=middle {
                for (inner, outer) in [
                    (table[middle - step + 1], table[middle - step]),
                    (table[middle + step - 1], table[middle + step]),
                ] {
                    let change = lightness(outer) - lightness(inner);
                    assert!(
                        if darker_outwards {
                            change < -0.01
                        } else {
                            change > 0.01
                        },
                        "{inner:?} to {outer:?}: {change:.3}"
                    );
                }
            }
        }
        for (table, sign) in [(LIGHT_RAW, -1.0), (DARK_RAW, 1.0)] {
            for pair in table.windows(2) {
                assert!((lightness(pair[1]) - lightness(pair[0])) * sign > 0.005);
            }
        }
    }

    #[test]
    fn stops_differ_from_their_neighbours_under_every_kind_of_colour_vision() {
        for table in [LIGHT_SIGNED, DARK_SIGNED, LIGHT_RAW, DARK_RAW] {
            for vision in Vision::ALL {
                for pair in table.windows(2) {
                    let distance = oklab_distance(vision.see(pair[0]), vision.see(pair[1]));
                    assert!(distance > 0.012, "{vision:?} {pair:?}: {distance:.3}");
                }
            }
        }
    }

    #[test]
    fn the_two_signs_differ_under_every_kind_of_colour_vision() {
        for table in [LIGHT_SIGNED, DARK_SIGNED] {
            let middle = table.len() / 2;
            for vision in Vision::ALL {
                for step in 2..=middle {
                    let distance = oklab_distance(
                        vision.see(table[middle - step]),
                        vision.see(table[middle + step]),
                    );
                    assert!(distance > 0.04, "{vision:?} ±{step}: {distance:.3}");
                }
            }
        }
    }

    #[test]
    fn a_color_between_two_stops_lies_between_them() {
        assert_eq!(heat_color(&LIGHT, -1.0), LIGHT_SIGNED[0]);
        assert_eq!(heat_color(&LIGHT, 0.0), LIGHT_SIGNED[8]);
        assert_eq!(heat_color(&DARK, 7.0), DARK_SIGNED[16]);
        let half_way = heat_color(&DARK, 15.0 / 16.0);
        assert!(lightness(half_way) > lightness(DARK_SIGNED[15]));
        assert!(lightness(half_way) < lightness(DARK_SIGNED[16]));
    }

    #[test]
    fn a_scale_ends_at_the_95th_percentile_rounded_up_to_one_two_or_five() {
        let limit = |values: Vec<f64>| HeatScale::for_values(ScaleKind::Signed, values).limit;
        assert_eq!(limit(vec![]), 1.0);
        assert_eq!(limit(vec![0.0, 0.0]), 1.0);
        assert_eq!(limit(vec![-0.3, 0.1]), 0.5);
        assert_eq!(limit(vec![2.0]), 2.0);
        assert_eq!(limit(vec![5.01]), 10.0);
        assert_eq!(limit(vec![0.0012, f64::NAN, f64::NEG_INFINITY]), 0.002);
        // One word in a hundred does not stretch the scale of the others.
        let mut many = vec![0.9; 99];
        many.push(40.0);
        assert_eq!(limit(many), 1.0);
    }

    #[test]
    fn a_value_beyond_the_scale_takes_its_last_color_and_says_so() {
        let scale = HeatScale {
            kind: ScaleKind::Signed,
            limit: 2.0,
        };
        assert_eq!(scale.color(&LIGHT, -9.0), LIGHT_SIGNED[0]);
        assert!(scale.is_cut(-9.0));
        assert!(!scale.is_cut(2.0));
        assert_eq!(scale.color(&LIGHT, f64::NAN), LIGHT_SIGNED[8]);
        let raw = HeatScale {
            kind: ScaleKind::Negative,
            limit: 2.0,
        };
        assert_eq!(raw.color(&DARK, -2.0), DARK_RAW[16]);
        assert_eq!(raw.color(&DARK, 0.0), DARK_RAW[0]);
        let open = HeatScale {
            kind: ScaleKind::Positive,
            limit: 2.0,
        };
        assert_eq!(open.color(&LIGHT, 5.0), LIGHT_RAW[16]);
        assert_eq!(open.color(&LIGHT, 0.0), LIGHT_RAW[0]);
    }
}
