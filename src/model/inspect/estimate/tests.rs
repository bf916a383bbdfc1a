use super::*;
use crate::model::config::LlamaShape;
use crate::model::decoder::Projection;
use crate::model::folder::Folder;
use crate::model::tiny;

/// A folder with a model, a GGUF file of it and an adapter, and the estimate of a lineup over them.
struct Shelf(tempfile::TempDir);

impl Shelf {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let config = tiny::config_of_blocks();
        tiny::write_model(&temp.path().join("folder"), &config, 1).unwrap();
        tiny::write_gguf(&temp.path().join("x.gguf"), &config, 1, "Q8_0").unwrap();
        let targets = [Projection::Q, Projection::Up];
        tiny::write_adapter(&temp.path().join("kind"), &config, &targets, 4, 1).unwrap();
        Self(temp)
    }

    fn estimate(&self, lineup: &str, dtype: Option<&str>, free: Option<u64>) -> MemoryEstimate {
        let text = format!("schema = 1\nname = \"x\"\n{lineup}");
        let lineup = Lineup::parse(&text, "lineup.toml").unwrap();
        let home = Home {
            folder: Folder::Directory(self.0.path().to_owned()),
            built_in: &[],
        };
        let settings = ComputeSettings {
            dtype: dtype.map(str::to_owned),
            device: Some("cpu".to_owned()),
            ..ComputeSettings::default()
        };
        estimate(&lineup, &home, &settings, &Plan::default(), free).unwrap()
    }
}

fn part(estimate: &MemoryEstimate, what: MemoryPurpose, role: &str) -> u64 {
    let mut parts = estimate.parts.iter();
    parts
        .find(|part| part.what == what && part.role == role)
        .unwrap_or_else(|| panic!("{role}: {:?}", estimate.parts))
        .bytes
}

#[test]
fn weights_count_as_they_are_kept() {
    let shelf = Shelf::new();
    let parameters = tiny::config_of_blocks().parameters();
    for (path, dtype, bytes) in [
        ("folder", None, 4 * parameters),
        ("folder", Some("bf16"), 2 * parameters),
        ("x.gguf", Some("f32"), 4 * parameters),
    ] {
        let lineup = format!("[base]\npath = \"{path}\"\n");
        let estimate = shelf.estimate(&lineup, dtype, None);
        let found = part(&estimate, MemoryPurpose::Weights, "base");
        assert!(found.abs_diff(bytes) < 10_000, "{path}: {found} of {bytes}");
        assert_eq!(estimate.verdict, Verdict::Unknown);
        let sum: u64 = estimate.parts.iter().map(|part| part.bytes).sum();
        assert_eq!(estimate.total_bytes, sum);
        assert!(estimate.loading_bytes >= found);
    }
    let estimate = shelf.estimate("[base]\npath = \"x.gguf\"\n", None, None);
    let found = part(&estimate, MemoryPurpose::Weights, "base");
    assert!(found.abs_diff(parameters * 34 / 32) < 20_000, "{found}");
    let base = &estimate.parts.iter().find(|part| part.role == "base");
    assert_eq!(base.unwrap().how, "Q8_0 as in the file");
}

#[test]
fn every_reader_has_keys_and_values_and_each_model_is_there_once() {
    let shelf = Shelf::new();
    let base = "[base]\npath = \"folder\"\n";
    let texts = |lineup: &str| {
        part(
            &shelf.estimate(lineup, None, None),
            MemoryPurpose::Texts,
            "",
        )
    };
    let alone = texts(base);
    // 2 layers of keys and values of 2 heads of 64 numbers: 256 + 256 tokens, the judged and the plain end, one text kept.
    assert_eq!(alone, 2 * 2 * 2 * 64 * 4 * (512 + 256 + 256 + 512));
    let three = format!(
        "{base}[[objective]]\nname = \"kind\"\nadapter = \"kind\"\n\
         [[objective]]\nname = \"brief\"\nsystem = \"Be brief\"\n"
    );
    let more = texts(&three);
    assert_eq!(more - alone, 2 * 2 * 2 * 2 * 64 * 4 * (512 + 256 + 512));
    let estimate = shelf.estimate(&three, None, None);
    let adapter = part(&estimate, MemoryPurpose::Adapter, "kind");
    assert_eq!(adapter, 2 * 4 * (256 + 256 + 256 + 512) * 4);
    let apart = shelf.estimate(&format!("layout = \"separate\"\n{three}"), None, None);
    let copies = part(&apart, MemoryPurpose::Adapter, "kind");
    assert_eq!(copies, 2 * (256 * 256 + 256 * 512) * 4);
    let twice = format!(
        "{base}[[objective]]\nname = \"a\"\nmodel = \"x.gguf\"\n\
         [[objective]]\nname = \"b\"\nexpert = \"x.gguf\"\namateur = \"folder\"\n"
    );
    let estimate = shelf.estimate(&twice, None, None);
    let weights = estimate
        .parts
        .iter()
        .filter(|part| part.what == MemoryPurpose::Weights);
    assert_eq!(weights.count(), 2);
}

#[test]
fn the_verdict_names_the_mildest_change_that_helps() {
    let trunk = |role: &str, kind, bytes, halved| Trunk {
        role: role.to_owned(),
        kind,
        parameters: 6_738_415_616,
        config: NetConfig::Own(Config::llama_like(LlamaShape {
            vocab: 32_000,
            hidden: 4096,
            intermediate: 11_008,
            layers: 32,
            heads: 32,
            kv_heads: 32,
            context: 4096,
            tied: false,
        })),
        bytes,
        how: "f32".to_owned(),
        halved,
        element_bytes: 4,
        is_gguf: false,
    };
    let gib = 1u64 << 30;
    let base = trunk("base", None, 27 * gib, Some("bf16"));
    let other = trunk("kind", Some(RewardKind::Model), 27 * gib, Some("bf16"));
    let trunks = [base, other];
    let readers = [Reader { trunk: 0 }, Reader { trunk: 1 }];
    let of = |free: u64| {
        let plan = Plan::default();
        of_parts(&trunks, &readers, Vec::new(), 1, &plan, Some(free * gib))
    };
    let easy = of(128);
    assert_eq!((easy.verdict, easy.change), (Verdict::Fits, None));
    let tight = of(62);
    assert_eq!(tight.verdict, Verdict::Tight);
    let change = of(48).change.unwrap();
    assert!(change.words.contains("dtype = \"bf16\""), "{change:?}");
    assert_eq!(change.saved_bytes, 27 * gib);
    assert_eq!(change.verdict, Verdict::Fits);
    let small = of(16);
    assert_eq!(small.verdict, Verdict::WillNotFit);
    // Nothing helps enough: the most is said.
    let change = small.change.unwrap();
    assert_eq!(change.verdict, Verdict::WillNotFit);
    assert_eq!(change.saved_bytes, 27 * gib);
}
