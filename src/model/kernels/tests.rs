//! Every kernel against a plain product in f64, for all sets of instructions of this machine.

use half::{bf16, f16};
use proptest::prelude::*;

use super::*;
use crate::model::tiny::RandomWeights;

mod threads;

/// Fewer and smaller cases under Miri, which takes a thousand times as long.
const fn most(usual: usize, under_miri: usize) -> usize {
    if cfg!(miri) { under_miri } else { usual }
}

fn cases() -> ProptestConfig {
    let cases = ProptestConfig::with_cases(most(48, 3) as u32);
    if cfg!(miri) {
        // Miri keeps programs from files.
        return ProptestConfig {
            failure_persistence: None,
            ..cases
        };
    }
    cases
}

/// Numbers between −1 and 1.
fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut random = RandomWeights::new(seed);
    (0..len).map(|_| random.number()).collect()
}

/// `x·Wᵀ` in f64, and the sum of the sizes of its terms.
fn plain(x: &[f32], weights: &[f32], inputs: usize) -> Vec<(f64, f64)> {
    let products = |x: &[f32], w: &[f32]| {
        x.iter().zip(w).fold((0.0, 0.0), |(sum, size), (x, w)| {
            let term = f64::from(*x) * f64::from(*w);
            (sum + term, size + term.abs())
        })
    };
    x.chunks_exact(inputs)
        .flat_map(|x| weights.chunks_exact(inputs).map(move |w| products(x, w)))
        .collect()
}

fn multiply(
    isa: Isa,
    x: &[f32],
    inputs: usize,
    weights: MatrixView<'_>,
    outputs: usize,
) -> Vec<f32> {
    let mut y = vec![f32::NAN; x.len() / inputs * outputs];
    let mut product = [Product {
        weights,
        bias: None,
        changes: Vec::new(),
        outputs,
        y: &mut y,
    }];
    with_team(|team| products(team, isa, x, inputs, &mut product, &mut Scratch::default()))
        .unwrap();
    y
}

/// `tolerance` is a part of the sum of the sizes of a product's terms.
fn assert_near(y: &[f32], plain: &[(f64, f64)], tolerance: f64) {
    for (index, (y, (sum, size))) in y.iter().zip(plain).enumerate() {
        let off = (f64::from(*y) - sum).abs();
        assert!(
            off <= tolerance * size + 1e-6,
            "{index}: {y} and {sum}, {off}"
        );
    }
}

/// Whether each row of a batch equals the row alone, bit for bit.
fn assert_rows_alone(y: &[f32], x: &[f32], inputs: usize, alone: impl Fn(&[f32]) -> Vec<f32>) {
    let rows = x.len() / inputs;
    for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact(y.len() / rows)) {
        let alone = alone(x);
        assert!(
            alone.iter().zip(y).all(|(a, b)| a.to_bits() == b.to_bits()),
            "a row alone differs"
        );
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn dense_products_equal_plain_ones(
        rows in 1..most(14, 7),
        inputs in 1..most(150, 40),
        outputs in 1..most(70, 12),
        offset in 0usize..5,
        seed in 0u64..1000,
    ) {
        let x = numbers(rows * inputs, seed);
        // Not at the start of what was allocated, so that vectors are read from odd places.
        let all = numbers(offset + outputs * inputs, seed + 1);
        let weights = &all[offset..];
        let halves: Vec<f16> = all.iter().map(|w| f16::from_f32(*w)).collect();
        let brains: Vec<bf16> = all.iter().map(|w| bf16::from_f32(*w)).collect();
        let wide = |w: &[f32]| plain(&x, w, inputs);
        let halves_wide: Vec<f32> = halves[offset..].iter().map(|w| w.to_f32()).collect();
        let brains_wide: Vec<f32> = brains[offset..].iter().map(|w| w.to_f32()).collect();
        for (view, plain) in [
            (MatrixView::F32(weights), wide(weights)),
            (MatrixView::F16(&halves[offset..]), wide(&halves_wide)),
            (MatrixView::Bf16(&brains[offset..]), wide(&brains_wide)),
        ] {
            for &isa in Isa::here() {
                let run = |x: &[f32]| multiply(isa, x, inputs, view, outputs);
                let y = run(&x);
                assert_near(&y, &plain, 1e-5);
                assert_rows_alone(&y, &x, inputs, run);
            }
        }
    }

    #[test]
    fn packed_products_equal_plain_ones(
        rows in 1..most(20, 6),
        blocks in 1..most(5, 2),
        outputs in 1..most(70, 20),
        seed in 0u64..1000,
    ) {
        for format in [Format::Q8_0, Format::Q4K] {
            let inputs = blocks * format.block_len();
            let x = numbers(rows * inputs, seed);
            let weights = numbers(outputs * inputs, seed + 1);
            let packed = Packed::quantise(format, &weights, outputs, inputs).unwrap();
            let mut unpacked = vec![0.0; outputs * inputs];
            for (output, row) in unpacked.chunks_exact_mut(inputs).enumerate() {
                packed.unpack(output, row);
            }
            let most = match format { Format::Q8_0 => 0.005, Format::Q4K => 0.08 };
            for (w, u) in weights.iter().zip(&unpacked) {
                prop_assert!((w - u).abs() <= most, "{w} became {u}");
            }
            // Rows are rounded to 8 bits: half a step of a 127th for each number.
            let plain = plain(&x, &unpacked, inputs);
            let mut first: Option<Vec<f32>> = None;
            for &isa in Isa::here() {
                let run = |x: &[f32]| multiply(isa, x, inputs, MatrixView::Packed(&packed), outputs);
                let y = run(&x);
                assert_near(&y, &plain, 0.01);
                assert_rows_alone(&y, &x, inputs, run);
                // Sums of integers are exact, so the sets differ by the rounding of the scales alone.
                let first = first.get_or_insert_with(|| y.clone());
                for (a, b) in first.iter().zip(&y) {
                    prop_assert!((a - b).abs() <= 1e-4 * (1.0 + a.abs()), "{a} and {b}");
                }
            }
        }
    }

    #[test]
    fn low_rank_changes_reach_their_rows_alone(
        rows in 1usize..9,
        inputs in 1..most(80, 20),
        outputs in 1..most(70, 20),
        rank in 1..most(20, 5),
        chosen in proptest::collection::vec(any::<bool>(), 8),
        half in any::<bool>(),
        seed in 0u64..1000,
    ) {
        let x = numbers(rows * inputs, seed);
        let weights = numbers(outputs * inputs, seed + 1);
        let bias = numbers(outputs, seed + 2);
        let (a, b) = (numbers(rank * inputs, seed + 3), numbers(rank * outputs, seed + 4));
        let half_b: Vec<f16> = b.iter().map(|&b| f16::from_f32(b)).collect();
        let b: Vec<f32> = if half { half_b.iter().map(|b| b.to_f32()).collect() } else { b };
        let for_rows: Vec<usize> = (0..rows).filter(|&row| chosen[row]).collect();
        for &isa in Isa::here() {
            let mut y = vec![f32::NAN; rows * outputs];
            let mut product = [Product {
                weights: MatrixView::F32(&weights),
                bias: Some(&bias),
                changes: vec![LowRank {
                    rank,
                    a: MatrixView::F32(&a),
                    b: if half { MatrixView::F16(&half_b) } else { MatrixView::F32(&b) },
                    scale: 0.5,
                    rows: &for_rows,
                }],
                outputs,
                y: &mut y,
            }];
            with_team(|team| {
                products(team, isa, &x, inputs, &mut product, &mut Scratch::default())
            }).unwrap();
            let low = plain(&x, &a, inputs);
            for (index, (sum, _)) in plain(&x, &weights, inputs).into_iter().enumerate() {
                let (row, output) = (index / outputs, index % outputs);
                let mut expected = sum + f64::from(bias[output]);
                if chosen[row] {
                    for j in 0..rank {
                        expected += 0.5 * low[row * rank + j].0 * f64::from(b[j * outputs + output]);
                    }
                }
                prop_assert!((f64::from(y[index]) - expected).abs() < 1e-3, "{} {expected}", y[index]);
            }
        }
    }

    #[test]
    fn attention_equals_its_formula(
        len in 1..most(200, 80),
        from in 0usize..150,
        rows in 1..most(20, 4),
        width in 1..most(40, 10),
        group in 1..most(20, 3),
        kv_heads in 1usize..3,
        cap in proptest::option::of(0.5f32..5.0),
        seed in 0u64..1000,
    ) {
        let (spans, heads) = ((len + rows).div_ceil(SPAN), group * kv_heads);
        let scale = 0.9 / (width as f32).sqrt();
        let sizes = Heads { heads, kv_heads, width, scale, cap };
        let numbers_of = |count, seed| numbers(count, seed).iter().map(|q| q * 6.0).collect();
        let queries: Vec<f32> = numbers_of(rows * heads * width, seed);
        let span_len = kv_heads * SPAN * width;
        let keys = numbers(spans * span_len, seed + 1);
        let values = numbers(spans * span_len, seed + 2);
        let spans: Vec<Span<'_>> = keys
            .chunks_exact(span_len)
            .zip(values.chunks_exact(span_len))
            .map(|(keys, values)| Span { keys, values })
            .collect();
        // The rows of a text see one token more each; from some token on, they see no more than so many.
        let window = (len - from.min(len - 1)).max(1);
        let seen: Vec<std::ops::Range<usize>> =
            (len..len + rows).map(|to| to.saturating_sub(window)..to).collect();
        for &isa in Isa::here() {
            let run = |queries: &[f32], rows: &[std::ops::Range<usize>]| {
                let text = Attention { spans: &spans, rows };
                let mut out = vec![f32::NAN; queries.len()];
                with_team(|team| attend(team, isa, sizes, queries, &[text], &mut out)).unwrap();
                out
            };
            let out = run(&queries, &seen);
            for (row, range) in seen.iter().enumerate() {
                let part = row * heads * width..(row + 1) * heads * width;
                let (queries, out) = (&queries[part.clone()], &out[part]);
                let alone = run(queries, std::slice::from_ref(range));
                prop_assert!(alone.iter().zip(out).all(|(a, b)| a.to_bits() == b.to_bits()));
                for head in 0..heads {
                    let at = |token: usize| {
                        token / SPAN * span_len + (head / group * SPAN + token % SPAN) * width
                    };
                    let query = &queries[head * width..][..width];
                    let shares: Vec<f64> = range
                        .clone()
                        .map(|token| plain(query, &keys[at(token)..][..width], width)[0].0)
                        .map(|product| product * f64::from(scale))
                        .map(|score| cap.map_or(score, |cap| {
                            let cap = f64::from(cap);
                            cap * (score / cap).tanh()
                        }))
                        .map(f64::exp)
                        .collect();
                    let total: f64 = shares.iter().sum();
                    for place in 0..width {
                        let expected: f64 = range
                            .clone()
                            .zip(&shares)
                            .map(|(token, share)| share / total * f64::from(values[at(token) + place]))
                            .sum();
                        let got = out[head * width + place];
                        prop_assert!((f64::from(got) - expected).abs() < 1e-5, "{got} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn norms_and_gates_equal_their_formulas(rows in 1usize..5, width in 1usize..70, seed in 0u64..1000) {
        let x: Vec<f32> = numbers(rows * width, seed).iter().map(|x| x * 30.0).collect();
        let weight = numbers(width, seed + 1);
        for &isa in Isa::here() {
            let mut out = vec![f32::NAN; rows * width];
            rms_norm(isa, &x, &weight, 1e-5, &mut out);
            for (x, out) in x.chunks_exact(width).zip(out.chunks_exact(width)) {
                let mean: f64 = x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / width as f64;
                for ((x, w), out) in x.iter().zip(&weight).zip(out) {
                    let expected = f64::from(*x) / (mean + 1e-5).sqrt() * f64::from(*w);
                    prop_assert!((f64::from(*out) - expected).abs() < 1e-5);
                }
            }
            let mut in_place = x.clone();
            rms_norm_in_place(isa, &mut in_place, &weight, 1e-5);
            prop_assert!(in_place.iter().zip(&out).all(|(a, b)| a.to_bits() == b.to_bits()));
            for activation in [Activation::Silu, Activation::GeluTanh] {
                let mut gated = x.clone();
                with_team(|team| gate(team, isa, activation, &mut gated, &out));
                for ((x, up), gated) in x.iter().zip(&out).zip(&gated) {
                    let x = f64::from(*x);
                    let active = match activation {
                        Activation::Silu => x / (1.0 + (-x).exp()),
                        Activation::GeluTanh => {
                            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                            0.5 * x * (1.0 + inner.tanh())
                        }
                    };
                    let expected = active * f64::from(*up);
                    prop_assert!((f64::from(*gated) - expected).abs() < 1e-5, "{gated} {expected}");
                }
            }
            let mut capped = x.clone();
            with_team(|team| soft_cap(team, isa, 5.0, &mut capped));
            for (x, capped) in x.iter().zip(&capped) {
                let expected = 5.0 * (f64::from(*x) / 5.0).tanh();
                let off = (f64::from(*capped) - expected).abs();
                prop_assert!(off <= 1e-6 * expected.abs(), "{x}: {capped} {expected}");
            }
        }
    }
}

#[test]
fn what_is_no_number_shows_in_its_own_row_alone() {
    let (inputs, outputs) = (256, 20);
    let mut x = numbers(3 * inputs, 1);
    x[inputs + 100] = f32::NAN;
    let weights = numbers(outputs * inputs, 2);
    let packed = [Format::Q8_0, Format::Q4K]
        .map(|format| Packed::quantise(format, &weights, outputs, inputs).unwrap());
    let views = [
        MatrixView::F32(&weights),
        MatrixView::Packed(&packed[0]),
        MatrixView::Packed(&packed[1]),
    ];
    for &isa in Isa::here() {
        for view in views {
            let y = multiply(isa, &x, inputs, view, outputs);
            for (row, y) in y.chunks_exact(outputs).enumerate() {
                assert!(y.iter().all(|y| y.is_nan() == (row == 1)), "row {row}");
            }
        }
        let mut gated = vec![f32::NAN, 1.0];
        with_team(|team| gate(team, isa, Activation::Silu, &mut gated, &[1.0, 1.0]));
        assert!(gated[0].is_nan() && gated[1].is_finite());
        let mut gated = vec![f32::NAN, 1.0];
        with_team(|team| gate(team, isa, Activation::GeluTanh, &mut gated, &[1.0, 1.0]));
        assert!(gated[0].is_nan() && gated[1].is_finite());
        let mut capped = vec![f32::NAN, 1.0];
        with_team(|team| soft_cap(team, isa, 2.0, &mut capped));
        assert!(capped[0].is_nan() && capped[1].is_finite());
        let mut keys = [1.0; SPAN];
        keys[1] = f32::NAN;
        let span = Span {
            keys: &keys,
            values: &[2.0; SPAN],
        };
        let text = Attention {
            spans: &[span],
            rows: &[0..2, 0..1],
        };
        let sizes = Heads {
            heads: 1,
            kv_heads: 1,
            width: 1,
            scale: 1.0,
            cap: None,
        };
        let mut out = [0.0; 2];
        with_team(|team| attend(team, isa, sizes, &[1.0, 1.0], &[text], &mut out)).unwrap();
        assert!(!out[1].is_nan());
        assert!(out[0].is_nan());
    }
}

#[test]
fn blocks_of_a_file_are_read_as_they_are_meant() {
    // One block of 8 bits: scale 0.5, bytes −16 to 15.
    let mut bytes = f16::from_f32(0.5).to_le_bytes().to_vec();
    bytes.extend((-16..16i8).map(i8::cast_unsigned));
    let packed = Packed::from_blocks(Format::Q8_0, &bytes, 1, 32).unwrap();
    let mut row = [0.0; 32];
    packed.unpack(0, &mut row);
    let expected: Vec<f32> = (-16..16).map(|w| w as f32 * 0.5).collect();
    assert_eq!(row.as_slice(), expected);
    // One block of 4 bits: scale 2, least 1; part 1 has scale 3 and least 5, part 6 has scale 33 and least 50.
    let mut bytes = vec![0u8; 144];
    bytes[..2].copy_from_slice(&f16::from_f32(2.0).to_le_bytes());
    bytes[2..4].copy_from_slice(&f16::from_f32(1.0).to_le_bytes());
    (bytes[4 + 1], bytes[4 + 5]) = (3, 5);
    // Part 6: low bits of both in byte 10, high bits above bytes 2 and 6.
    bytes[4 + 10] = 0x21;
    bytes[4 + 2] |= 2 << 6;
    bytes[4 + 6] |= 3 << 6;
    // Weight 40 is 9 (part 1, place 8: high half of byte 8), weight 195 is 7 (part 6, place 3: low half of byte 99).
    bytes[16 + 8] = 9 << 4;
    bytes[16 + 99] = 7;
    let packed = Packed::from_blocks(Format::Q4K, &bytes, 1, 256).unwrap();
    let mut row = [0.0; 256];
    packed.unpack(0, &mut row);
    assert_eq!((row[0], row[32], row[40]), (0.0, -5.0, 49.0));
    assert_eq!((row[192], row[195]), (-50.0, 412.0));
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    assert!(Packed::from_blocks(Format::Q8_0, &[0; 33], 1, 32).is_err());
    assert!(Packed::from_blocks(Format::Q8_0, &[0; 34], 1, 33).is_err());
    assert!(Packed::quantise(Format::Q4K, &[0.0; 128], 1, 128).is_err());
    assert!(Packed::quantise(Format::Q4K, &[0.0; 256], 2, 256).is_err());
    let weights = [0.0; 12];
    let refused = |outputs: usize, inputs: usize, y: usize, a: usize| {
        let (mut y, a) = (vec![0.0; y], vec![0.0; a]);
        let mut product = [Product {
            weights: MatrixView::F32(&weights),
            bias: None,
            changes: vec![LowRank {
                rank: 1,
                a: MatrixView::F32(&a),
                b: MatrixView::F32(&weights[..outputs]),
                scale: 1.0,
                rows: &[0],
            }],
            outputs,
            y: &mut y,
        }];
        let scratch = &mut Scratch::default();
        with_team(|team| products(team, Isa::best(), &[0.0; 6], inputs, &mut product, scratch))
            .is_err()
    };
    assert!(!refused(4, 3, 8, 3));
    assert!(refused(3, 3, 6, 3), "weights that are too many");
    assert!(refused(4, 3, 7, 3), "outputs that are too few");
    assert!(refused(3, 4, 6, 4), "rows that are not whole");
    assert!(refused(4, 3, 8, 6), "ranks that differ");
}
