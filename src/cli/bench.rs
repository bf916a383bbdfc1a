//! `counterpoise bench`: what the models cost here.

use std::fmt::Write;
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::session::{LoadingLine, Session};
use super::{CommonArgs, print, print_json};
use crate::error::Failure;
use crate::worker::bench::{
    BenchReport, BenchRequest, BenchSource, Latency, MemoryUse, Quant, Shape, Spec, StepTime,
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
                | Event::Finished { .. }
                | Event::Scored { .. }
                | Event::Judged { .. }
                | Event::Evaluated { .. }
                | Event::Calibrated { .. }
                | Event::Hub(_),
            ) => {}
        }
    };
    line.clear();
    let report = outcome?;
    if common.json {
        let mut document = document(&report);
        document["quick"] = json!(args.quick);
        print_json(&document)
    } else {
        print(&table(&report, args.quick))
    }
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

/// The table for people.
fn table(report: &BenchReport, quick: bool) -> String {
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
    let mut text = String::new();
    let mut line = |name: &str, words: String| {
        let _ = writeln!(text, "{name:<26} {words}");
    };
    line(
        "machine",
        format!(
            "{}, {} cores, {} threads, {}{}",
            machine.processor,
            machine.cores,
            machine.threads,
            machine.system,
            machine
                .memory_bytes
                .map(|bytes| format!(", {:.1} GiB", mib(bytes) / 1024.0))
                .unwrap_or_default()
        ),
    );
    line("kernels", format!("{}; {device}", machine.kernels));
    line(
        "models",
        format!(
            "{}: {:.1} M parameters, {} tokens, {}",
            models.name,
            models.parameters as f64 / 1e6,
            models.vocabulary,
            match models.objectives.as_slice() {
                [] => "no objectives".to_owned(),
                [one] => format!("1 objective: {one}"),
                many => format!("{} objectives: {}", many.len(), many.join(", ")),
            }
        ),
    );
    if let Some((spec, weights)) = &models.made {
        let each: Vec<String> = weights
            .iter()
            .map(|(quant, bytes)| format!("{} {:.1} MiB", quant.name(), mib(*bytes)))
            .collect();
        let adapters = if spec.adapters > 0 {
            let size = mib(spec.adapter_bytes());
            format!(
                "; {} adapters of rank {} f32 {size:.1} MiB",
                spec.adapters, spec.rank
            )
        } else {
            String::new()
        };
        line("weights", format!("{}{adapters}", each.join(", ")));
    }
    match start.first_token_secs {
        Some(first) => {
            line(
                "start to models loaded",
                format!("{:.2} s", start.loaded_secs),
            );
            line("start to first token", format!("{first:.2} s"));
        }
        None => line(
            "start to models made",
            format!("{:.2} s", start.loaded_secs),
        ),
    }
    let read = |secs: f64| {
        let speed = per_sec(prefill.tokens, secs);
        format!(
            "{speed:>9.1} tokens/s   {} tokens in {:.1} ms",
            prefill.tokens,
            secs * 1e3
        )
    };
    line("prompt, base alone", read(prefill.base_secs));
    if let Some(secs) = prefill.all_secs {
        line("prompt, all models", read(secs));
    }
    let timed = |time: &StepTime| {
        format!(
            "{:>9.1} steps/s  {:>9.2} ms  ×{:.2}",
            per_sec(1, time.secs),
            time.secs * 1e3,
            time.ratio
        )
    };
    for time in &steps.rows {
        let name = match time.rows {
            1 => "step, base alone".to_owned(),
            rows => format!("step, {rows} base rows"),
        };
        line(&name, timed(time));
    }
    if !models.objectives.is_empty() {
        let rows = |time: &StepTime| format!("{}   {} rows", timed(time), time.rows);
        line("step, guided text alone", rows(&steps.guided_alone));
        line("step, guided job", rows(&steps.guided));
    }
    line(
        "",
        format!(
            "{} rounds of {} steps behind {} tokens",
            steps.rounds, steps.steps, steps.past
        ),
    );
    let tokens = writing.base_tokens + writing.guided_tokens;
    line(
        "both texts",
        format!(
            "{:>9.1} tokens/s   {} and {} tokens in {:.1} ms",
            per_sec(tokens, writing.secs),
            writing.base_tokens,
            writing.guided_tokens,
            writing.secs * 1e3
        ),
    );
    let waits = |latency: &Latency| {
        format!(
            "p50 {:.2} ms, p95 {:.2} ms of {}",
            latency.p50_secs * 1e3,
            latency.p95_secs * 1e3,
            latency.count
        )
    };
    line(
        "re-weigh",
        format!(
            "{}   {} steps × {} tokens × {} models, {:.0} MiB at {:.1} GB/s",
            waits(&reweigh.latency),
            reweigh.steps,
            reweigh.vocabulary,
            reweigh.models,
            mib(reweigh.bytes),
            reweigh.bytes as f64 / reweigh.latency.p50_secs.max(1e-9) / 1e9
        ),
    );
    line(
        "re-steer to first token",
        format!(
            "{}   behind {} tokens",
            waits(&resteer.latency),
            resteer.kept
        ),
    );
    line("peak memory", peak(memory));
    if quick {
        line(
            "",
            "measured in few rounds: without --quick the numbers are steadier".to_owned(),
        );
    }
    text
}

fn peak(memory: &MemoryUse) -> String {
    match (memory.base_bytes, memory.all_bytes, memory_ratio(memory)) {
        (Some(base), Some(all), Some(ratio)) => format!(
            "{:.1} MiB, base alone {:.1} MiB  ×{ratio:.2}",
            mib(all),
            mib(base)
        ),
        (_, Some(all), _) => format!("{:.1} MiB", mib(all)),
        (_, None, _) => "this system does not tell".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_counts_over_seconds_and_never_infinite() {
        assert!((per_sec(256, 0.5) - 512.0).abs() < 1e-9);
        assert!(per_sec(256, 0.0).abs() < 1e-9);
    }

    #[test]
    fn peaks_are_compared_where_both_are_known() {
        let both = MemoryUse {
            base_bytes: Some(200 << 20),
            all_bytes: Some(220 << 20),
        };
        assert_eq!(peak(&both), "220.0 MiB, base alone 200.0 MiB  ×1.10");
        let one = MemoryUse {
            base_bytes: None,
            ..both
        };
        assert_eq!(peak(&one), "220.0 MiB");
        assert_eq!(peak(&MemoryUse::default()), "this system does not tell");
    }
}
