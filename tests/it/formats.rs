//! Models in every format, through lineups as a person would write them.

use std::fs;
use std::path::Path;

use counterpoise::domain::{CancelToken, ComputeSettings, LineupSource, Prompt};
use counterpoise::engine::scorer::{Parts, Scorer, StepScores};
use counterpoise::model::decoder::Projection;
use counterpoise::model::{self, LoadedLineup, tiny};

fn load(folder: &Path, lineup: &str, dtype: Option<&str>) -> Result<LoadedLineup, String> {
    let path = folder.join("lineup.toml");
    fs::write(&path, format!("schema = 1\nname = \"x\"\n{lineup}")).unwrap();
    let settings = ComputeSettings {
        dtype: dtype.map(str::to_owned),
        ..ComputeSettings::default()
    };
    let cancel = CancelToken::default();
    let source = LineupSource::File(path);
    model::load(&source, &[], &settings, &mut |_, _| {}, &cancel).map_err(|error| error.to_string())
}

/// The rows behind a prompt and each token of a fixed response.
fn rows(scorer: &mut dyn Scorer) -> Vec<StepScores> {
    let cancel = CancelToken::default();
    let prompt = Prompt {
        raw: true,
        ..Prompt::of("what is it, and where?")
    };
    let response = scorer.encode_response("it is at home; 12 of them").unwrap();
    let (stream, first) = scorer.open(&prompt, Parts::All, &cancel).unwrap();
    let rest = scorer.advance(stream, &response, &cancel).unwrap();
    scorer.close(stream);
    std::iter::once(first).chain(rest).collect()
}

/// Root of the mean square difference of all numbers, and the same of the first's own spread.
fn apart(ours: &[StepScores], theirs: &[StepScores]) -> (f64, f64) {
    assert_eq!(ours.len(), theirs.len());
    let all = |steps: &[StepScores]| -> Vec<f64> {
        let rows = steps
            .iter()
            .flat_map(|step| std::iter::once(&step.base).chain(&step.rewards));
        rows.flat_map(|row| row.iter().map(|x| f64::from(*x)))
            .collect()
    };
    let (ours, theirs) = (all(ours), all(theirs));
    assert_eq!(ours.len(), theirs.len());
    let count = ours.len() as f64;
    let pairs = ours.iter().zip(&theirs);
    let difference: f64 = pairs.map(|(a, b)| (a - b).powi(2)).sum();
    let mean = theirs.iter().sum::<f64>() / count;
    let spread: f64 = theirs.iter().map(|x| (x - mean).powi(2)).sum();
    ((difference / count).sqrt(), (spread / count).sqrt())
}

#[test]
fn a_gguf_file_of_each_type_computes_what_its_numbers_say() {
    let temp = tempfile::tempdir().unwrap();
    let config = tiny::config_of_blocks();
    tiny::write_model(&temp.path().join("folder"), &config, 5).unwrap();
    let plain = rows(
        load(temp.path(), "[base]\npath = \"folder\"\n", None)
            .unwrap()
            .scorer
            .as_mut(),
    );
    for (kind, kept, coarse) in [
        ("F32", "F32 as in the file", 0.0),
        ("F16", "F16 as in the file", 1e-3),
        ("BF16", "BF16 as in the file", 1e-2),
        ("Q8_0", "Q8_0 as in the file", 0.02),
        ("Q6_K", "Q6_K as f16", 0.08),
        ("Q5_K", "Q5_K as f16", 0.16),
        ("Q5_1", "Q5_1 as f16", 0.16),
        ("Q5_0", "Q5_0 as Q8_0, which holds the same numbers", 0.16),
        ("Q4_K", "Q4_K as in the file", 0.32),
        ("Q4_1", "Q4_1 as f16", 0.32),
        ("Q4_0", "Q4_0 as Q8_0, which holds the same numbers", 0.32),
        ("Q3_K", "Q3_K as f16", 0.64),
        ("Q2_K", "Q2_K as f16", 1.28),
    ] {
        let name = format!("{kind}.gguf");
        tiny::write_gguf(&temp.path().join(&name), &config, 5, kind).unwrap();
        let lineup = format!("[base]\npath = \"{name}\"\n");
        let mut auto = load(temp.path(), &lineup, None).unwrap();
        let mut exact = load(temp.path(), &lineup, Some("f32")).unwrap();
        assert_eq!(auto.info.models[0].kept, kept);
        let expected = if kind == "F32" {
            "F32 as in the file".to_owned()
        } else {
            format!("{kind} as f32")
        };
        assert_eq!(exact.info.models[0].kept, expected);
        let (auto, exact) = (rows(auto.scorer.as_mut()), rows(exact.scorer.as_mut()));
        // Against the dequantised model: products with packed blocks round what goes into them to 8 bits, f16 rounds weights.
        let (difference, spread) = apart(&auto, &exact);
        let near = match kind {
            "F32" | "F16" | "BF16" => 1e-5,
            "Q8_0" | "Q5_0" | "Q4_0" | "Q4_K" => 0.02,
            _ => 1e-3,
        };
        assert!(
            difference <= near * spread,
            "{kind}: {difference} of {spread}"
        );
        // Against the model that it was made from: what so few bits cost, twice as much for each bit less.
        let (difference, spread) = apart(&exact, &plain);
        assert!(
            difference <= coarse * spread + 1e-5,
            "{kind}: {difference} of {spread}"
        );
    }
}

#[test]
fn an_adapter_a_gguf_base_and_a_sentence_share_a_lineup() {
    let temp = tempfile::tempdir().unwrap();
    let config = tiny::config_of_blocks();
    tiny::write_model(&temp.path().join("folder"), &config, 5).unwrap();
    tiny::write_gguf(&temp.path().join("base.gguf"), &config, 5, "F32").unwrap();
    let targets = [
        Projection::Q,
        Projection::K,
        Projection::V,
        Projection::Down,
    ];
    tiny::write_adapter(&temp.path().join("kind"), &config, &targets, 4, 9).unwrap();
    tiny::write_gguf(&temp.path().join("other.gguf"), &config, 6, "Q8_0").unwrap();
    let objectives = "template = \"{% if system %}{{ system }}: {% endif %}{{ prompt }}\"\n\
         [[objective]]\nname = \"kind\"\nadapter = \"kind\"\n\
         [[objective]]\nname = \"brief\"\nsystem = \"say little\"\n\
         [[objective]]\nname = \"other\"\nmodel = \"other.gguf\"\n";
    let of = |base: &str| {
        let lineup = format!("[base]\npath = \"{base}\"\n{objectives}");
        let mut loaded = load(temp.path(), &lineup, None).unwrap();
        assert_eq!(loaded.info.models.len(), 4);
        assert!(
            loaded
                .info
                .models
                .iter()
                .all(|model| model.sha256.len() == 64)
        );
        rows(loaded.scorer.as_mut())
    };
    let (gguf, folder) = (of("base.gguf"), of("folder"));
    assert_eq!(gguf[0].rewards.len(), 3);
    let (difference, spread) = apart(&gguf, &folder);
    assert!(difference <= 1e-6 * spread, "{difference} of {spread}");
}

#[test]
fn what_a_gguf_file_cannot_be_is_said_in_words() {
    let temp = tempfile::tempdir().unwrap();
    let config = tiny::config_of_blocks();
    let path = temp.path().join("x.gguf");
    tiny::write_gguf(&path, &config, 5, "Q4_0").unwrap();
    let whole = fs::read(&path).unwrap();
    let lineup = "[base]\npath = \"x.gguf\"\n";
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        load(temp.path(), lineup, None).unwrap_err()
    };
    // The type of a matrix, behind its name and its two sizes.
    let name = b"blk.0.ffn_down.weight";
    let at = whole.windows(name.len()).position(|w| w == name).unwrap() + name.len() + 4 + 16;
    assert_eq!(whole[at..at + 4], [2, 0, 0, 0]);
    let mut changed = whole.clone();
    changed[at] = 20;
    let error = refused(&changed);
    assert_eq!(
        error,
        "the number type IQ4_NL of x.gguf (the base model) is not supported"
    );
    changed[at] = 99;
    assert!(refused(&changed).contains("number type 99"));
    let mut other = whole.clone();
    let at = whole.windows(5).position(|w| w == b"llama").unwrap();
    other[at..at + 5].copy_from_slice(b"mamba");
    assert!(refused(&other).contains("the architecture mamba is not supported"));
    assert!(refused(&whole[..whole.len() - 1]).contains("cut short"));
    assert!(refused(b"").contains("is empty"));
    fs::remove_file(&path).unwrap();
    let missing = load(temp.path(), lineup, None).unwrap_err();
    assert_eq!(missing, "the GGUF file of the base model is missing");
}

#[test]
fn a_tokenizer_beside_a_gguf_file_stands_in_for_one_that_is_not_made() {
    let temp = tempfile::tempdir().unwrap();
    let config = tiny::config_of_blocks();
    tiny::write_model(temp.path(), &config, 5).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::remove_file(temp.path().join(name)).unwrap();
    }
    let path = temp.path().join("x.gguf");
    tiny::write_gguf(&path, &config, 5, "Q8_0").unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let name = b"tokenizer.ggml.model";
    let at = bytes.windows(name.len()).position(|w| w == name).unwrap() + name.len() + 4 + 8;
    assert_eq!(&bytes[at..at + 5], b"llama");
    bytes[at..at + 5].copy_from_slice(b"other");
    fs::write(&path, bytes).unwrap();
    let lineup = "[base]\npath = \"x.gguf\"\n";
    assert!(load(temp.path(), lineup, None).is_ok());
    fs::remove_file(temp.path().join("tokenizer.json")).unwrap();
    let error = load(temp.path(), lineup, None).unwrap_err();
    assert!(error.contains("a tokenizer of the kind other"), "{error}");
}

#[test]
fn a_lineup_over_the_built_in_base_is_known_for_the_teaching_model_that_it_is() {
    let text = "schema = 1\nname = \"mine\"\n[base]\nbuilt_in = \"base\"\n\
                [[objective]]\nname = \"a\"\nadapter = { built_in = \"adapters/harmless\" }\n";
    let source = LineupSource::Composed(text.into());
    let cancel = CancelToken::default();
    let settings = ComputeSettings::default();
    let files = counterpoise::demo::embedded();
    let loaded = model::load(&source, files, &settings, &mut |_, _| {}, &cancel).unwrap();
    assert!(loaded.info.is_demo);
    assert_eq!(loaded.info.objectives.len(), 1);
}

#[test]
fn what_an_adapter_is_kept_in_is_told_as_it_is() {
    let temp = tempfile::tempdir().unwrap();
    let config = tiny::config_of_blocks();
    tiny::write_gguf(&temp.path().join("wide.gguf"), &config, 5, "F32").unwrap();
    tiny::write_gguf(&temp.path().join("packed.gguf"), &config, 5, "Q8_0").unwrap();
    tiny::write_adapter(&temp.path().join("kind"), &config, &[Projection::Q], 4, 9).unwrap();
    let adapter = "[[objective]]\nname = \"kind\"\nadapter = \"kind\"\n";
    for (base, layout, kept) in [
        ("wide", "shared", "f32"),
        ("packed", "shared", "f16"),
        // Merged into a copy of the weights.
        ("packed", "separate", "f32"),
    ] {
        let lineup = format!("layout = \"{layout}\"\n[base]\npath = \"{base}.gguf\"\n{adapter}");
        let loaded = load(temp.path(), &lineup, None).unwrap();
        let told = loaded.info.models.iter().find(|model| model.role == "kind");
        assert_eq!(told.unwrap().kept, kept, "{base}, {layout}");
    }
}
