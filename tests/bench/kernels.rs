//! Products of few rows against candle's, and whole steps of random models of real shapes: the best of several runs,
//! interleaved, because machines are shared. `cargo bench --bench kernels [-- products | steps]`

#![expect(clippy::expect_used, reason = "a bench that cannot run must say so")]
#![expect(clippy::print_stdout, reason = "its table is what it is for")]

use std::fmt::Write;
use std::time::Instant;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{DType, Device, Module, Tensor};
use counterpoise::domain::{CancelToken, TokenId};
use counterpoise::model::Decoder;
use counterpoise::model::cache::KvCache;
use counterpoise::model::decoder::Projection;
use counterpoise::model::kernels::{
    Format, Isa, MatrixView, Packed, Product, Scratch, products, with_team,
};
use counterpoise::model::lora::AdapterStack;
use counterpoise::model::pass::{Segment, Wanted};
use counterpoise::model::synthetic::Shape;
use counterpoise::model::tiny::{self, RandomWeights};
use half::{bf16, f16};

/// Outputs and inputs: the matrices of a model of 135 million parameters and of one of 1.1 billion.
const SHAPES: [(usize, usize); 7] = [
    (576, 576),
    (1536, 576),
    (576, 1536),
    (49152, 576),
    (2048, 2048),
    (5632, 2048),
    (32000, 2048),
];

const ROWS: [usize; 4] = [1, 2, 4, 8];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let all = !wanted.iter().any(|a| a == "products" || a == "steps");
    println!(
        "{}, {} threads",
        Isa::best().name(),
        rayon::current_num_threads()
    );
    if all || wanted.iter().any(|a| a == "products") {
        for (outputs, inputs) in SHAPES {
            measure_products(outputs, inputs);
        }
    }
    if all || wanted.iter().any(|a| a == "steps") {
        measure_steps();
    }
}

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut random = RandomWeights::new(seed);
    (0..count).map(|_| random.number()).collect()
}

/// Candle's way to multiply.
type Theirs<'a> = Box<dyn Fn(&Tensor) -> Tensor + 'a>;

/// One way to multiply.
type Way<'a> = Box<dyn FnMut(usize) + 'a>;

fn measure_products(outputs: usize, inputs: usize) {
    let flat = numbers(outputs * inputs, 1);
    let halves: Vec<f16> = flat.iter().map(|w| f16::from_f32(*w)).collect();
    let brains: Vec<bf16> = flat.iter().map(|w| bf16::from_f32(*w)).collect();
    let weights = Tensor::from_slice(&flat, (outputs, inputs), &Device::Cpu).expect("a matrix");
    let turned = weights.t().and_then(|w| w.contiguous()).expect("a matrix");
    let q8 = Packed::quantise(Format::Q8_0, &flat, outputs, inputs).expect("whole blocks");
    let q4 = Packed::quantise(Format::Q4K, &flat, outputs, inputs).ok();
    let quantised = |dtype| {
        let tensor = QTensor::quantize(&weights, dtype).expect("whole blocks");
        QMatMul::from_qtensor(tensor).expect("a matrix")
    };
    let size = outputs * inputs;
    let candle_f32 = |x: &Tensor| x.matmul(&turned).expect("a product");
    let brain = turned.to_dtype(DType::BF16).expect("a matrix");
    let candle_bf16 = |x: &Tensor| {
        let x = x.to_dtype(DType::BF16).expect("rows");
        x.matmul(&brain).expect("a product")
    };
    let candle_q8 = quantised(GgmlDType::Q8_0);
    let candle_q4 = q4.is_some().then(|| quantised(GgmlDType::Q4K));
    let mut list: Vec<(&str, MatrixView<'_>, usize, Option<Theirs<'_>>)> = vec![
        (
            "f32",
            MatrixView::F32(&flat),
            size * 4,
            Some(Box::new(candle_f32)),
        ),
        ("f16", MatrixView::F16(&halves), size * 2, None),
        (
            "bf16",
            MatrixView::Bf16(&brains),
            size * 2,
            Some(Box::new(candle_bf16)),
        ),
        (
            "q8_0",
            MatrixView::Packed(&q8),
            q8.bytes(),
            Some(Box::new(|x: &Tensor| {
                candle_q8.forward(x).expect("a product")
            })),
        ),
    ];
    if let (Some(q4), Some(theirs)) = (&q4, &candle_q4) {
        let theirs = |x: &Tensor| theirs.forward(x).expect("a product");
        list.push((
            "q4_k",
            MatrixView::Packed(q4),
            q4.bytes(),
            Some(Box::new(theirs)),
        ));
    }
    for (name, view, bytes, theirs) in list {
        let mut line = format!("{outputs:>5} × {inputs:<4} {name:4}");
        for rows in ROWS {
            let x = numbers(rows * inputs, 2);
            let tensor = Tensor::from_slice(&x, (rows, inputs), &Device::Cpu).expect("rows");
            let mut y = vec![0.0; rows * outputs];
            let mut scratch = Scratch::default();
            let ours: Way<'_> = Box::new(|times| {
                with_team(|team| {
                    for _ in 0..times {
                        let mut product = [Product {
                            weights: view,
                            bias: None,
                            changes: Vec::new(),
                            outputs,
                            y: &mut y,
                        }];
                        products(team, Isa::best(), &x, inputs, &mut product, &mut scratch)
                            .expect("a product");
                    }
                });
            });
            let mut ways = vec![ours];
            if let Some(theirs) = &theirs {
                ways.push(Box::new(|times| {
                    for _ in 0..times {
                        theirs(&tensor);
                    }
                }));
            }
            let best = best_of(&mut ways, (20_000_000 / bytes).clamp(1, 100));
            let speed = bytes as f64 / best[0] / 1e9;
            let time = best[0] * 1e6;
            let _ = write!(line, "  m={rows} {time:7.1} µs {speed:5.1} GB/s");
            if let Some(theirs) = best.get(1) {
                let _ = write!(line, " candle ×{:4.1}", theirs / best[0]);
            }
        }
        println!("{line}");
    }
}

/// The shortest time of each way, in seconds per time; the ways take turns.
fn best_of(ways: &mut [Way<'_>], times: usize) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; ways.len()];
    for _ in 0..9 {
        for (way, best) in ways.iter_mut().zip(&mut best) {
            let began = Instant::now();
            way(times);
            *best = best.min(began.elapsed().as_secs_f64() / times as f64);
        }
    }
    best
}

/// Steps of one to eight rows, and of the guided job: two plain rows and one of each of two adapters of rank 16.
fn measure_steps() {
    for shape in [Shape::M135, Shape::B1] {
        let (name, config) = (shape.name(), shape.config());
        let plain = tiny::decoder(config, 1).expect("a model");
        measure_decoder(&format!("{name} f32 "), &plain);
        for format in [Format::Q8_0, Format::Q4K] {
            let packed = plain.packed(format).expect("whole blocks");
            measure_decoder(&format!("{name} {format:?}"), &packed);
        }
    }
}

/// Tokens read before the steps that are measured.
const PAST: usize = 64;

fn measure_decoder(name: &str, decoder: &Decoder) {
    let kept = decoder.adapter_dtype(DType::F32);
    let adapters = [3, 4].map(|seed| {
        tiny::adapter_as(&decoder.config, &Projection::ALL, 16, seed, kept).expect("an adapter")
    });
    let stack = &AdapterStack::new(adapters.into()).expect("a stack");
    let past: Vec<TokenId> = (0..PAST as u32).collect();
    let mut first = decoder.cache().expect("a cache");
    step(
        decoder,
        stack,
        std::slice::from_mut(&mut first),
        &[None],
        &past,
    );
    let jobs: [(&str, Vec<Option<usize>>); 6] = [
        ("1 row", vec![None]),
        ("2 rows", vec![None; 2]),
        ("4 rows", vec![None; 4]),
        ("8 rows", vec![None; 8]),
        ("base + 2 adapters", vec![None, Some(0), Some(1)]),
        ("2 base + 2 adapters", vec![None, None, Some(0), Some(1)]),
    ];
    let mut ways: Vec<Way<'_>> = Vec::new();
    for (_, rows) in &jobs {
        let mut caches: Vec<KvCache> = rows
            .iter()
            .map(|_| first.fork().expect("a cache"))
            .collect();
        ways.push(Box::new(move |times| {
            for _ in 0..times {
                step(decoder, stack, &mut caches, rows, &[7]);
            }
            for cache in &mut caches {
                cache.truncate(PAST);
            }
        }));
    }
    let best = best_of(&mut ways, 4);
    for ((job, _), time) in jobs.iter().zip(&best) {
        println!(
            "{name}  {job:20} {:7.2} ms  ×{:4.2}",
            time * 1e3,
            time / best[0]
        );
    }
}

fn step(
    decoder: &Decoder,
    stack: &AdapterStack,
    caches: &mut [KvCache],
    rows: &[Option<usize>],
    tokens: &[TokenId],
) {
    let segment = |(cache, &adapter)| Segment {
        cache,
        adapter,
        tokens,
        wanted: Wanted::Last,
    };
    let mut segments: Vec<Segment<'_>> = caches.iter_mut().zip(rows).map(segment).collect();
    let never = CancelToken::default();
    decoder
        .forward(Some(stack), &mut segments, &never, &mut |_, _, _| Ok(()))
        .expect("a step");
}
