//! `counterpoise bench`: what the models cost here.

mod table;

use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use self::table::table;
use super::session::{LoadingLine, Session};
use super::{CommonArgs, print, print_json};
use crate::error::Failure;
use crate::worker::bench::{
    BenchReport, BenchRequest, BenchSource, MemoryUse, Quant, Shape, Spec, StepTime,
};
use crate::worker::{Command, Event};

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Measure random models of this shape, made in memory, instead of a lineup
    #[arg(long, value_enum, conflicts_with = "lineup")]
    pub synthetic: Option<ShapeArg>,
    /// How the random weights are kept
    #[arg(long, value_enum, default_value = "q8_0", requires = "synthetic")]
    pub quant: QuantArg,
    /// Random adapters on all products of every block, one objective each
    #[arg(long, value_name = "K", default_value_t = 2, requires = "synthetic",
          value_parser = clap::value_parser!(u8).range(0..=16))]
    pub adapters: u8,
    /// Rank of the random adapters
    #[arg(long, value_name = "R", default_value_t = 16, requires = "synthetic",
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub rank: u16,
    /// Whole random reward models, one objective each
    #[arg(long, value_name = "N", default_value_t = 0, requires = "synthetic",
          value_parser = clap::value_parser!(u8).range(0..=8))]
    pub whole: u8,
    /// Measure little, in a few seconds: enough to see that it works
    #[arg(long)]
    pub quick: bool,
}

/// Shapes of random models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShapeArg {
    /// Two small blocks: no real model, but made at once
    Tiny,
    /// SmolLM2-135M
    #[value(name = "135m")]
    M135,
    /// TinyLlama-1.1B
    #[value(name = "1b")]
    B1,
    /// Llama-2-7B
    #[value(name = "7b")]
    B7,
}

/// How random weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QuantArg {
    /// Single precision
    #[value(name = "f32")]
    F32,
    /// Half precision
    #[value(name = "f16")]
    F16,
    /// Brain floats
    #[value(name = "bf16")]
    Bf16,
    /// 8 bits per weight
    #[value(name = "q8_0")]
    Q8_0,
    /// 4 bits per weight, 8 where a matrix is no whole blocks of 256
    #[value(name = "q4_k")]
    Q4K,
}

impl From<ShapeArg> for Shape {
    fn from(shape: ShapeArg) -> Self {
        match shape {
            ShapeArg::Tiny => Self::Tiny,
            ShapeArg::M135 => Self::M135,
            ShapeArg::B1 => Self::B1,
            ShapeArg::B7 => Self::B7,
        }
    }
}

impl From<QuantArg> for Quant {
    fn from(quant: QuantArg) -> Self {
        match quant {
            QuantArg::F32 => Self::F32,
            QuantArg::F16 => Self::F16,
            QuantArg::Bf16 => Self::Bf16,
            QuantArg::Q8_0 => Self::Q8_0,
            QuantArg::Q4K => Self::Q4K,
        }
    }
}

pub(super) fn run(args: &BenchArgs, common: &CommonArgs, began: Instant) -> Result<(), Failure> {
    let before = began.elapsed();
    let source = match args.synthetic {
        None => BenchSource::Lineup(common.source()),
        Some(shape) => BenchSource::Synthetic(Spec {
            shape: shape.into(),
            quant: args.quant.into(),
            adapters: usize::from(args.adapters),
            rank: usize::from(args.rank),
            whole: usize::from(args.whole),
        }),
    };
    let mut session = Session::empty()?;
    let run = session.new_run();
    session.send(Command::Bench(Box::new(BenchRequest {
        run,
        cancel: session.cancel.clone(),
        source,
        settings: common.settings(),
        quick: args.quick,
        began,
    })))?;
    let line = LoadingLine::default();
    let outcome = loop {
        match session.next_unless_interrupted() {
            Ok(Event::Loading { stage, fraction }) => line.show(&stage, fraction),
            Ok(Event::Measured { report, .. }) => break Ok(report),
            Ok(Event::Failed { failure, .. }) | Err(failure) => break Err(failure),
            Ok(
                Event::Loaded(_)
                | Event::Started { .. }
                | Event::Step { .. }
                | Event::BaseScored { .. }
                | Event::Superseded { .. }
                | Event::Ahead { .. }
                | Event::Finished { .. }
                | Event::Scored { .. }
                | Event::Judged { .. }
                | Event::Evaluated { .. }
                | Event::Calibrated { .. }
                | Event::Sweep(_)
                | Event::Hub(_)
                | Event::Shelf(_),
            ) => {}
        }
    };
    line.clear();
    let report = outcome?;
    let frame_secs = first_frame_secs(before)?;
    if common.json {
        let mut document = document(&report);
        document["quick"] = json!(args.quick);
        document["start"]["first_frame_secs"] = json!(frame_secs);
        print_json(&document)
    } else {
        print(&table(&report, frame_secs, args.quick))
    }
}

/// Seconds from the start of the program to the window's first frame, drawn without a display; `before` is what passes until
/// the program knows what it is to do.
#[cfg(feature = "gui")]
fn first_frame_secs(before: Duration) -> Result<Option<f64>, Failure> {
    let frame = crate::app::first_frame()?;
    Ok(Some((before + frame).as_secs_f64()))
}

#[cfg(not(feature = "gui"))]
#[expect(clippy::unnecessary_wraps, reason = "the window can fail")]
fn first_frame_secs(_before: Duration) -> Result<Option<f64>, Failure> {
    Ok(None)
}

/// The JSON document: seconds and bytes.
fn document(report: &BenchReport) -> Value {
    let BenchReport {
        machine,
        device,
        models,
        start,
        prefill,
        steps,
        writing,
        reweigh,
        resteer,
        memory,
    } = report;
    let mut about = json!({
        "name": models.name,
        "synthetic": models.made.is_some(),
        "parameters": models.parameters,
        "vocabulary": models.vocabulary,
        "objectives": models.objectives,
    });
    if let Some((spec, weights)) = &models.made {
        let bytes: Map<String, Value> = weights
            .iter()
            .map(|(quant, bytes)| (quant.name().to_owned(), json!(bytes)))
            .collect();
        about["shape"] = json!(spec.shape.name());
        about["quant"] = json!(spec.quant.name());
        about["adapters"] = json!(spec.adapters);
        about["rank"] = json!(spec.rank);
        about["whole"] = json!(spec.whole);
        about["weight_bytes"] = Value::Object(bytes);
        about["adapter_bytes"] = json!(spec.adapter_bytes());
    }
    let read = |secs: f64| json!({"secs": secs, "tokens_per_sec": per_sec(prefill.tokens, secs)});
    let mut prompts = json!({"tokens": prefill.tokens, "base": read(prefill.base_secs)});
    if let Some(secs) = prefill.all_secs {
        prompts["all"] = read(secs);
    }
    json!({
        "schema": "counterpoise.bench/1",
        "app": env!("CARGO_PKG_VERSION"),
        "machine": {
            "processor": machine.processor,
            "system": machine.system,
            "cores": machine.cores,
            "threads": machine.threads,
            "memory_bytes": machine.memory_bytes,
        },
        "kernels": machine.kernels,
        "device": device,
        "model": about,
        "start": {
            "loaded_secs": start.loaded_secs,
            "first_token_secs": start.first_token_secs,
        },
        "prefill": prompts,
        "steps": {
            "past": steps.past,
            "rounds": steps.rounds,
            "steps": steps.steps,
            "rows": steps.rows.iter().map(step).collect::<Vec<_>>(),
            "guided_alone": step(&steps.guided_alone),
            "guided": step(&steps.guided),
        },
        "writing": {
            "base_tokens": writing.base_tokens,
            "guided_tokens": writing.guided_tokens,
            "secs": writing.secs,
            "tokens_per_sec": per_sec(writing.base_tokens + writing.guided_tokens, writing.secs),
        },
        "reweigh": {
            "steps": reweigh.steps,
            "vocabulary": reweigh.vocabulary,
            "models": reweigh.models,
            "bytes": reweigh.bytes,
            "first_secs": reweigh.first_secs,
            "p50_secs": reweigh.latency.p50_secs,
            "p95_secs": reweigh.latency.p95_secs,
            "count": reweigh.latency.count,
        },
        "resteer": {
            "kept": resteer.kept,
            "p50_secs": resteer.latency.p50_secs,
            "p95_secs": resteer.latency.p95_secs,
            "count": resteer.latency.count,
        },
        "memory": {
            "base_peak_bytes": memory.base_bytes,
            "peak_bytes": memory.all_bytes,
            "ratio": memory_ratio(memory),
            "estimated_bytes": memory.estimated_bytes,
            "card_estimated_bytes": memory.card_estimated_bytes,
        },
    })
}

fn step(time: &StepTime) -> Value {
    json!({
        "rows": time.rows,
        "secs": time.secs,
        "steps_per_sec": per_sec(1, time.secs),
        "ratio": time.ratio,
    })
}

fn per_sec(count: usize, secs: f64) -> f64 {
    if secs > 0.0 { count as f64 / secs } else { 0.0 }
}

/// Peak of base and objectives over that of the base alone.
fn memory_ratio(memory: &MemoryUse) -> Option<f64> {
    let (base, all) = (memory.base_bytes?, memory.all_bytes?);
    (base > 0).then(|| all as f64 / base as f64)
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_counts_over_seconds_and_never_infinite() {
        assert!((per_sec(256, 0.5) - 512.0).abs() < 1e-9);
        assert!(per_sec(256, 0.0).abs() < 1e-9);
    }
}
