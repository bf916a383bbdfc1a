use super::*;
use crate::record::tests::record;
use crate::record::{Record, Text};

fn head(record: &Record) -> Head {
    let info = &record.info;
    Head {
        lineup: info.name.clone(),
        objectives: info.objectives.clone(),
        models: info.models.clone(),
        device: String::new(),
        is_demo: false,
        vocabulary: info.texts.len(),
        prompt: record.prompt.clone(),
        sampling: record.sampling.clone(),
        weights: record.weights.to_vec(),
        at: record.at,
        app: record.app.clone(),
        lineup_file: None,
    }
}

fn write_words(blob: &mut BlobWriter, record: &Record) {
    blob.started(&record.rendered, record.prompt_tokens)
        .unwrap();
    for (pane, text) in [
        (Pane::Base, record.base.as_ref().unwrap()),
        (Pane::Guided, &record.guided),
    ] {
        for (at, (step, piece)) in text.trace.steps().iter().zip(&text.pieces).enumerate() {
            blob.known_word(pane, at, step, piece, false).unwrap();
        }
    }
}

fn written(seed: u64) -> (tempfile::TempDir, std::path::PathBuf, Record) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1.jsonl");
    let record = record(seed);
    let texts = record.info.texts.clone();
    let mut blob = BlobWriter::create(&path, &head(&record), texts).unwrap();
    write_words(&mut blob, &record);
    (folder, path, record)
}

fn same_text(a: &Text, b: &Text) {
    assert_eq!(a.pieces, b.pieces);
    for (a, b) in a.trace.steps().iter().zip(b.trace.steps()) {
        assert_eq!((a.token, &a.weights), (b.token, &b.weights));
        assert_eq!(a.insight.chosen, b.insight.chosen);
        assert!((a.insight.kl - b.insight.kl).abs() < 1e-12);
        let ids = |insight: &TokenInsight| insight.top.iter().map(|c| c.id).collect::<Vec<_>>();
        assert_eq!(ids(&a.insight), ids(&b.insight));
    }
}

#[test]
fn a_run_comes_back_word_by_word_with_its_numbers() {
    for seed in 0..5 {
        let (_folder, path, record) = written(seed);
        let (again, torn) = read(&path).unwrap();
        assert!(!torn);
        same_text(&again.guided, &record.guided);
        same_text(again.base.as_ref().unwrap(), record.base.as_ref().unwrap());
        assert_eq!(again.rendered, record.rendered);
        assert_eq!(again.weights, record.weights);
        assert_eq!(again.divergence, record.divergence);
        assert!(again.kept().is_some());
    }
}

#[test]
fn a_last_line_that_was_cut_short_is_dropped_wherever_it_was_cut() {
    let (_folder, path, record) = written(2);
    let whole = std::fs::read(&path).unwrap();
    let last = whole[..whole.len() - 1]
        .iter()
        .rposition(|&b| b == b'\n')
        .unwrap();
    for cut in [last + 2, last + 40, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let (again, torn) = read(&path).unwrap();
        assert!(torn);
        assert_eq!(again.guided.pieces.len() + 1, record.guided.pieces.len());
    }
    std::fs::write(&path, "{}\n").unwrap();
    assert!(read(&path).is_err());
}

#[test]
fn a_text_that_is_steered_goes_on_in_the_same_file() {
    let (_folder, path, first) = written(3);
    let mut blob = BlobWriter {
        file: std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap(),
        texts: first.info.texts.clone(),
        objectives: 2,
        seed: 3,
        weights: Vec::new(),
        named: HashSet::new(),
        last: None,
        summary: Summary::default(),
        bytes: 0,
    };
    let from = 2;
    blob.from(from, &[0.0, 2.0]).unwrap();
    let step = &first.guided.trace.steps()[from];
    blob.known_word(Pane::Guided, from, step, " new", false)
        .unwrap();
    let (again, _) = read(&path).unwrap();
    assert_eq!(again.guided.pieces.len(), from + 1);
    assert_eq!(again.guided.pieces[from], " new");
    assert_eq!(*again.weights, [0.0, 2.0]);
}

/// The list's line of a run, from what is known of it.
fn line(summary: &Summary) -> crate::journal::Entry {
    let mut entry = crate::journal::Entry {
        id: 1,
        prompt: String::new(),
        text: String::new(),
        lineup: String::new(),
        weights: Vec::new(),
        scores: Vec::new(),
        strip_of: 0,
        strip: Vec::new(),
        tokens: 0,
        bytes: 0,
        open: false,
        pinned: false,
        note: String::new(),
    };
    entry.sum_up(summary);
    entry
}

#[test]
fn a_run_is_summed_up_from_memory_as_from_its_file() {
    for seed in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("1.jsonl");
        let record = record(seed);
        let texts = record.info.texts.clone();
        let mut blob = BlobWriter::create(&path, &head(&record), texts).unwrap();
        let agree = |blob: &BlobWriter| {
            let (again, _) = read(&path).unwrap();
            let known = line(&blob.summary);
            assert_eq!(known, line(&Summary::of(&again)), "seed {seed}");
            assert_eq!(blob.bytes, std::fs::metadata(&path).unwrap().len());
            known
        };
        assert_eq!(agree(&blob).tokens, 0);
        write_words(&mut blob, &record);
        let whole = agree(&blob);
        assert_eq!(whole.tokens, record.guided.pieces.len());
        assert!(whole.scores.iter().any(|score| *score != 0.0) && !whole.strip.is_empty());
        let ending = Ending {
            base: None,
            guided: Finish::Length,
            tails: [String::new(), "\u{fffd}".to_owned()],
            timing: Timing::default(),
        };
        blob.end(&ending).unwrap();
        assert!(agree(&blob).text.ends_with('\u{fffd}'));
        // Steered: from the second word on there are others, under other weights.
        blob.from(1, &[0.0, 2.0]).unwrap();
        assert_eq!(agree(&blob).tokens, 1);
        let step = &record.guided.trace.steps()[1];
        blob.known_word(Pane::Guided, 1, step, " new", false)
            .unwrap();
        blob.known_word(Pane::Guided, 1, step, " newer", false)
            .unwrap();
        let steered = agree(&blob);
        assert!(steered.text.ends_with("newer") && steered.tokens == 2);
        assert!((steered.weights[1].1 - 2.0).abs() < 1e-12);
        assert_eq!(steered.strip_of, 1);
    }
}
