use super::*;
use crate::domain::machine::{Card, Room};
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
        self.estimate_in(lineup, dtype, &Room::Machine(free))
    }

    fn estimate_in(&self, lineup: &str, dtype: Option<&str>, room: &Room) -> MemoryEstimate {
        let text = format!("schema = 1\nname = \"x\"\n{lineup}");
        let lineup = Lineup::parse(&text, "lineup.toml").unwrap();
        let home = Home {
            folder: Folder::Directory(self.0.path().to_owned()),
            built_in: &[],
        };
        let settings = ComputeSettings {
            dtype: dtype.map(str::to_owned),
            ..ComputeSettings::default()
        };
        estimate(&lineup, &home, &settings, &Plan::default(), room).unwrap()
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

/// A model of 7 billion parameters.
fn trunk(role: &str, kind: Option<RewardKind>, bytes: u64, halved: Option<&'static str>) -> Trunk {
    Trunk {
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
    }
}

#[test]
fn the_verdict_names_the_mildest_change_that_helps() {
    let gib = 1u64 << 30;
    let base = trunk("base", None, 27 * gib, Some("bf16"));
    let other = trunk("kind", Some(RewardKind::Model), 27 * gib, Some("bf16"));
    let trunks = [base, other];
    let readers = [Reader { trunk: 0 }, Reader { trunk: 1 }];
    let of = |free: u64| {
        let plan = Plan::default();
        let room = Room::Machine(Some(free * gib));
        of_parts(&trunks, &readers, Vec::new(), 1, &plan, &room)
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

/// A card with so many bytes free, in a machine with others.
fn card(free: Option<u64>, beside: u64) -> Room {
    let card = Card {
        device: "cuda:0".to_owned(),
        name: "NVIDIA L4".to_owned(),
        free_bytes: free,
        total_bytes: free,
    };
    Room::Card(card, Some(beside))
}

#[test]
fn a_card_holds_weights_and_texts_and_the_machine_the_rest() {
    let gib = 1u64 << 30;
    let mut base = trunk("base", None, 13 * gib, None);
    base.element_bytes = 2;
    let of = |room: &Room| {
        let readers = [Reader { trunk: 0 }];
        of_parts(
            &[base.clone()],
            &readers,
            Vec::new(),
            1,
            &Plan::default(),
            room,
        )
    };
    let fits = of(&card(Some(20 * gib), gib));
    assert_eq!(fits.card.as_deref(), Some("NVIDIA L4"));
    assert_eq!(
        (fits.verdict, fits.free_bytes),
        (Verdict::Fits, Some(20 * gib))
    );
    // 512 tokens, 256 judged and 256 plain, one text of 512 kept: half a MiB each, in 16 bits.
    let token = 2 * 32 * 4096 * 2;
    assert_eq!(
        part(&fits, MemoryPurpose::Texts, ""),
        1024 * token + 512 * token
    );
    for part in &fits.parts {
        let on_card = matches!(part.what, MemoryPurpose::Weights | MemoryPurpose::Texts)
            || part.how.contains("card");
        assert_eq!(part.on_card, on_card, "{part:?}");
    }
    let on_card = fits.parts.iter().filter(|part| part.on_card);
    assert_eq!(
        fits.total_bytes,
        on_card.map(|part| part.bytes).sum::<u64>()
    );
    // A machine with little memory of its own does not keep a card from computing.
    assert!(fits.parts.iter().any(|part| !part.on_card));
    let tight = of(&card(Some(15 * gib), gib));
    assert_eq!(tight.verdict, Verdict::Tight);
    assert_eq!(of(&card(None, gib)).verdict, Verdict::Unknown);
}

#[test]
fn a_card_that_is_too_small_is_told_of_the_processor_where_that_has_room() {
    let gib = 1u64 << 30;
    let trunks = [trunk("base", None, 13 * gib, None)];
    let of = |room: &Room| {
        let readers = [Reader { trunk: 0 }];
        of_parts(&trunks, &readers, Vec::new(), 0, &Plan::default(), room)
    };
    let small = of(&card(Some(8 * gib), 64 * gib));
    assert_eq!(small.verdict, Verdict::WillNotFit);
    let change = small.change.unwrap();
    assert_eq!(
        change.words,
        "Compute on the processor, slower: --device cpu"
    );
    assert_eq!(change.verdict, Verdict::Fits);
    // Fewer bits in the file save nothing on a card, and there is no room beside it: shorter texts are the best that is left.
    let change = of(&card(Some(8 * gib), 8 * gib)).change.unwrap();
    assert!(change.words.starts_with("Write texts of 128"), "{change:?}");
    assert_eq!(change.verdict, Verdict::WillNotFit);
}

#[test]
fn on_a_card_a_packed_file_counts_as_it_is_unpacked() {
    let shelf = Shelf::new();
    let lineup = "[base]\npath = \"x.gguf\"\n";
    let parameters = tiny::config_of_blocks().parameters();
    let estimate = shelf.estimate_in(lineup, Some("bf16"), &card(Some(1 << 40), 1 << 40));
    let found = part(&estimate, MemoryPurpose::Weights, "base");
    assert!(
        found.abs_diff(2 * parameters) < 10_000,
        "{found} of {parameters}"
    );
}
