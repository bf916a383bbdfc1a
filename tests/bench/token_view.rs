//! A frame of two texts of 400 tokens: at rest, while all values change, and while a word comes in every frame; and a picture of
//! it. The budget of the two views is 1 ms. Two texts of 4,000 tokens with three lanes have 4 ms.

use std::hint::black_box;

use counterpoise::app::render::CpuRenderer;
use counterpoise::app::theme::{self, HeatScale, LIGHT, ScaleKind};
use counterpoise::app::widgets::token_view::{Lane, TokenCell, TokenMark, TokenView};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use egui::{Context, FullOutput, Id, Pos2, RawInput, Rect, vec2};

const TOKENS: usize = 400;
const MANY: usize = 4000;
const LANES: usize = 3;
const WORDS: [&str; 8] = [
    " the", " answer", "s", " is", " kind", ",", " or", " honest",
];

/// Words with a new paragraph every 90 tokens.
fn texts() -> Vec<&'static str> {
    let text = |i: usize| {
        if i % 90 == 89 {
            "\n\n"
        } else {
            WORDS[i * 5 % 8]
        }
    };
    (0..MANY).map(text).collect()
}

/// Draws the first `count` tokens twice, side by side; `turn` changes all values.
fn frame(
    ctx: &Context,
    texts: &[&'static str],
    count: usize,
    turn: usize,
    lanes: usize,
) -> FullOutput {
    let cells: Vec<TokenCell<'_>> = texts[..count]
        .iter()
        .enumerate()
        .map(|(i, text)| TokenCell {
            text,
            value: Some(((i * 7 + turn) % 41) as f64 / 10.0 - 2.0),
            mark: TokenMark::Word,
        })
        .collect();
    let value = |lane: usize, i: usize| Some(((i * 5 + turn + 9 * lane) % 31) as f64 / 8.0 - 2.0);
    let values: Vec<Vec<Option<f64>>> = (0..lanes)
        .map(|lane| (0..count).map(|i| value(lane, i)).collect())
        .collect();
    let lanes: Vec<Lane<'_>> = values
        .iter()
        .enumerate()
        .map(|(index, values)| Lane {
            name: "harmless",
            color: LIGHT.objective(index),
            chosen: index == 0,
            values,
        })
        .collect();
    let input = RawInput {
        screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1200.0, 800.0))),
        ..RawInput::default()
    };
    let scale = HeatScale {
        kind: ScaleKind::Signed,
        limit: 2.0,
    };
    ctx.run_ui(input, |ui| {
        ui.columns(2, |columns| {
            for (ui, name) in columns.iter_mut().zip(["base", "guided"]) {
                TokenView::new(Id::unique(name), name, &cells)
                    .scale(Some(scale))
                    .lanes(&lanes)
                    .bars(lanes.is_empty())
                    .fork_at(Some(12))
                    .show(ui);
            }
        });
    })
}

fn views(c: &mut Criterion) {
    let texts = texts();
    let ctx = Context::default();
    theme::install(&ctx);
    let mut renderer = CpuRenderer::default();
    let mut turn = 0;
    let mut next = |count: usize, ctx: &Context| {
        turn += 1;
        let mut output = frame(ctx, &texts, count, turn, 0);
        output.textures_delta.clear();
        output
    };
    // The first frames bring the letters in.
    for turn in 0..3 {
        renderer.update(&mut frame(&ctx, &texts, TOKENS, turn, 0).textures_delta);
    }
    c.bench_function("two views of 400 tokens, all values new", |b| {
        b.iter(|| black_box(next(TOKENS, &ctx)));
    });
    c.bench_function("the same with its triangles", |b| {
        b.iter(|| {
            let output = next(TOKENS, &ctx);
            black_box(ctx.tessellate(output.shapes, output.pixels_per_point))
        });
    });
    let mut turn = 0;
    c.bench_function(
        "two views of 4000 tokens with three lanes, all values new",
        |b| {
            b.iter(|| {
                turn += 1;
                black_box(frame(&ctx, &texts, MANY, turn, LANES))
            });
        },
    );
    let mut count = TOKENS;
    c.bench_function("two views to which a token is added, 400 to 800", |b| {
        b.iter(|| {
            count = if count >= 2 * TOKENS {
                TOKENS
            } else {
                count + 1
            };
            black_box(next(count, &ctx))
        });
    });
    c.bench_function("a picture of 1200 by 800", |b| {
        b.iter_batched(
            || {
                let output = next(TOKENS, &ctx);
                ctx.tessellate(output.shapes, output.pixels_per_point)
            },
            |triangles| renderer.paint(&triangles, 1.0, [1200, 800], LIGHT.window),
            BatchSize::LargeInput,
        );
    });
}

criterion_group!(benches, views);
criterion_main!(benches);
