//! What was measured, as a table for people.

use std::fmt::Write;

use super::{memory_ratio, mib, per_sec};
use crate::worker::bench::{BenchReport, Latency, MemoryUse, StepTime};

/// The table for people.
pub(super) fn table(report: &BenchReport, frame_secs: Option<f64>, quick: bool) -> String {
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
                "; {} adapters of rank {} {} {size:.1} MiB",
                spec.adapters,
                spec.rank,
                spec.quant.adapter_type(),
            )
        } else {
            String::new()
        };
        line("weights", format!("{}{adapters}", each.join(", ")));
    }
    if let Some(secs) = frame_secs {
        line(
            "start to first frame",
            format!("{secs:.2} s, drawn without a display"),
        );
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
    let measured = match (memory.base_bytes, memory.all_bytes, memory_ratio(memory)) {
        (Some(base), Some(all), Some(ratio)) => format!(
            "{:.1} MiB, base alone {:.1} MiB  ×{ratio:.2}",
            mib(all),
            mib(base)
        ),
        (_, Some(all), _) => format!("{:.1} MiB", mib(all)),
        (_, None, _) => "this system does not tell".to_owned(),
    };
    let estimated = memory.estimated_bytes;
    let estimated = estimated.map(|bytes| format!("  estimated {:.1} MiB", mib(bytes)));
    let card = memory.card_estimated_bytes;
    let card = card.map(|bytes| format!("  on the graphics card, estimated {:.1} MiB", mib(bytes)));
    measured + &estimated.or(card).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_compared_where_both_are_known() {
        let both = MemoryUse {
            base_bytes: Some(200 << 20),
            all_bytes: Some(220 << 20),
            estimated_bytes: Some(210 << 20),
            card_estimated_bytes: None,
        };
        assert_eq!(
            peak(&both),
            "220.0 MiB, base alone 200.0 MiB  ×1.10  estimated 210.0 MiB"
        );
        let one = MemoryUse {
            base_bytes: None,
            estimated_bytes: None,
            ..both
        };
        assert_eq!(peak(&one), "220.0 MiB");
        let card = MemoryUse {
            card_estimated_bytes: Some(300 << 20),
            ..one
        };
        assert_eq!(
            peak(&card),
            "220.0 MiB  on the graphics card, estimated 300.0 MiB"
        );
        assert_eq!(peak(&MemoryUse::default()), "this system does not tell");
    }
}
