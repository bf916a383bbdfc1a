//! Several threads at the same work.

use super::*;

/// What `work` makes with so many threads.
fn with_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap().install(work)
}

#[test]
fn several_threads_make_what_one_makes() {
    // More than one part of everything: of rounding, of a product, of gates, of attention.
    let (rows, inputs, outputs, rank) = (9, 32, 800, 3);
    let x = numbers(rows * inputs, 1);
    let weights = numbers(outputs * inputs, 2);
    let packed = Packed::quantise(Format::Q8_0, &weights[..40 * inputs], 40, inputs).unwrap();
    let (bias, a) = (numbers(outputs, 3), numbers(rank * inputs, 4));
    let b = numbers(rank * outputs, 5);
    let (gates, ups) = (numbers(8200, 6), numbers(8200, 7));
    let sizes = Heads {
        heads: 4,
        kv_heads: 2,
        width: 8,
        scale: 0.3,
        cap: Some(5.0),
    };
    let span_len = sizes.kv_heads * SPAN * sizes.width;
    let (keys, values) = (numbers(2 * span_len, 8), numbers(2 * span_len, 9));
    let spans: Vec<Span<'_>> = keys
        .chunks_exact(span_len)
        .zip(values.chunks_exact(span_len))
        .map(|(keys, values)| Span { keys, values })
        .collect();
    let seen: Vec<_> = (80..80 + rows).map(|to| 0..to).collect();
    let queries = numbers(rows * sizes.heads * sizes.width, 10);
    for &isa in Isa::here() {
        let work = || {
            with_team(|team| {
                let mut wide = vec![f32::NAN; rows * outputs];
                let mut narrow = vec![f32::NAN; rows * 40];
                let change = LowRank {
                    rank,
                    a: MatrixView::F32(&a),
                    b: MatrixView::F32(&b),
                    scale: 0.5,
                    rows: &[0, 2, 8],
                };
                let mut list = [
                    Product {
                        weights: MatrixView::F32(&weights),
                        bias: Some(&bias),
                        changes: vec![change; 2],
                        outputs,
                        y: &mut wide,
                    },
                    Product {
                        weights: MatrixView::Packed(&packed),
                        bias: None,
                        changes: Vec::new(),
                        outputs: 40,
                        y: &mut narrow,
                    },
                ];
                let mut scratch = Scratch::default();
                products(team, isa, &x, inputs, &mut list, &mut scratch).unwrap();
                let mut gated = gates.clone();
                gate(team, isa, Activation::GeluTanh, &mut gated, &ups);
                let mut seen_by = vec![f32::NAN; queries.len()];
                let text = Attention {
                    spans: &spans,
                    rows: &seen,
                };
                attend(team, isa, sizes, &queries, &[text], &mut seen_by).unwrap();
                let all = [wide, narrow, gated, seen_by].concat();
                all.iter().map(|y| y.to_bits()).collect::<Vec<u32>>()
            })
        };
        assert!(with_threads(1, work) == with_threads(4, work));
    }
}
