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
