//! The history survives a program that is killed in the middle of a word.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::domain::{
    Finish, LineupInfo, Objective, Pane, Prompt, RewardKind, RunId, Sampling,
};
use counterpoise::engine::decode::GuidedStep;
use counterpoise::engine::mix::log_softmax;
use counterpoise::engine::scorer::StepScores;
use counterpoise::engine::trace::Trace;
use counterpoise::journal::blob::{Ending, Head};
use counterpoise::journal::desk::Journal;
use counterpoise::journal::orders::{Beginning, News, Order};
use counterpoise::record::{Record, Text, Timing};

const FOLDER: &str = "COUNTERPOISE_TEST_JOURNAL";
const VOCABULARY: usize = 600;

fn empty() -> Text {
    Text {
        pieces: Vec::new(),
        trace: Arc::new(Trace::default()),
        given: 0,
        finish: Finish::Cancelled,
    }
}

fn begin(run: u64, prompt: &str) -> Order {
    let objectives = vec![Objective {
        name: "kind".to_owned(),
        kind: RewardKind::Adapter,
        weight: 1.0,
        about: String::new(),
        colour: None,
    }];
    let info = LineupInfo {
        name: "Test".to_owned(),
        objectives: objectives.clone(),
        texts: (0..VOCABULARY).map(|v| format!(" w{v}")).collect(),
        ..LineupInfo::default()
    };
    Order::Begin(Box::new(Beginning {
        run: RunId(run),
        parent: None,
        head: Head {
            lineup: info.name.clone(),
            objectives,
            models: Vec::new(),
            device: String::new(),
            is_demo: false,
            vocabulary: VOCABULARY,
            prompt: Prompt::of(prompt),
            sampling: Sampling::default(),
            weights: vec![1.0],
            at: 0,
            app: "0".to_owned(),
            lineup_file: None,
        },
        info: Arc::new(info),
        rendered: String::new(),
        prompt_tokens: 0,
        known: [empty(), empty()],
    }))
}

fn word(run: u64, position: usize) -> Order {
    let row = |salt: usize| {
        let values = (0..VOCABULARY).map(|v| ((v * 7 + position * 3 + salt * 5) % 97) as f32 * 0.1);
        log_softmax(&values.collect::<Vec<_>>())
    };
    let scores = StepScores {
        base: row(1),
        rewards: vec![row(2)],
    };
    let token = (position % VOCABULARY) as u32;
    Order::Word {
        run: RunId(run),
        pane: Pane::Guided,
        step: Box::new(GuidedStep::new(position, token, scores, [1.0].into())),
        text: format!(" w{token}"),
    }
}

fn end(run: u64) -> Order {
    Order::End {
        run: RunId(run),
        ending: Box::new(Ending {
            base: None,
            guided: Finish::Eos,
            tails: [String::new(), String::new()],
            timing: Timing::default(),
        }),
    }
}

fn open(folder: &Path) -> Journal {
    Journal::start(Some(folder.to_owned()), u64::MAX, || {}).unwrap()
}

fn all(journal: &Journal) -> (Vec<counterpoise::journal::Entry>, bool) {
    loop {
        match journal.wait().unwrap() {
            News::All {
                entries,
                torn,
                is_beside,
            } => {
                assert!(!is_beside);
                return (entries, torn);
            }
            News::Put(_) | News::Gone(_) | News::Opened { .. } | News::Saved(_) | News::Used(_) => {
            }
            News::Failed { failure, .. } => panic!("{failure}"),
        }
    }
}

/// The next run that is new or has changed.
fn put(journal: &Journal) -> counterpoise::journal::Entry {
    loop {
        match journal.wait().unwrap() {
            News::Put(entry) => return *entry,
            News::All { .. }
            | News::Gone(_)
            | News::Opened { .. }
            | News::Saved(_)
            | News::Used(_) => {}
            News::Failed { failure, .. } => panic!("{failure}"),
        }
    }
}

fn read(journal: &Journal, id: u64) -> Arc<Record> {
    journal.send(Order::Open { id, wish: 0 });
    loop {
        match journal.wait().unwrap() {
            News::Opened { record, .. } => return record,
            News::Put(_) | News::Gone(_) | News::All { .. } | News::Saved(_) | News::Used(_) => {}
            News::Failed { failure, .. } => panic!("{failure}"),
        }
    }
}

/// What the child of the test below does: writes words until it is killed, and says each once it has been handed over.
#[test]
#[ignore = "the child of another test"]
fn child_that_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let journal = open(Path::new(&folder));
    journal.send(begin(1, "A run that ends"));
    (0..5).for_each(|position| journal.send(word(1, position)));
    journal.send(end(1));
    journal.send(begin(2, "A run that is killed"));
    for position in 0..100_000 {
        journal.send(word(2, position));
        println!("told {position}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_killed_program_loses_at_most_the_last_tenth_of_a_second() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg("journal::child_that_writes_until_it_is_killed")
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told: Vec<(Instant, usize)> = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some((_, number)) = line.rsplit_once("told ") {
            told.push((Instant::now(), number.parse().unwrap()));
        }
        if told.len() == 120 {
            break;
        }
    }
    let killed = Instant::now();
    child.kill().unwrap();
    child.wait().unwrap();
    // Half a line more, as a machine that stops would leave it.
    let journal = open(folder.path());
    let (entries, _) = all(&journal);
    assert_eq!(entries.len(), 2);
    assert_eq!((entries[0].tokens, entries[0].open), (5, false));
    let last_sure = told
        .iter()
        .filter(|(at, _)| killed.duration_since(*at) > Duration::from_millis(100))
        .map(|(_, number)| *number)
        .max()
        .unwrap();
    let run = read(&journal, entries[1].id);
    assert!(
        run.guided.pieces.len() > last_sure,
        "{} words of more than {last_sure}",
        run.guided.pieces.len()
    );
    assert_eq!(entries[1].tokens, run.guided.pieces.len());
    assert_eq!(run.guided.finish, Finish::Cancelled);
    assert!(run.kept().is_some());
}

#[test]
fn a_text_that_is_steered_stays_open_when_the_end_of_the_one_before_is_told_late() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    all(&journal);
    let Order::Begin(mut child) = begin(2, "Steered") else {
        unreachable!()
    };
    child.parent = Some(RunId(1));
    child.known[1].pieces = vec![" w0".to_owned(), " w1".to_owned()];
    journal.send(begin(1, "Steered"));
    (0..3).for_each(|position| journal.send(word(1, position)));
    journal.send(Order::Begin(child));
    journal.send(end(1));
    (2..6).for_each(|position| journal.send(word(2, position)));
    journal.send(end(2));
    let mut closed = Vec::new();
    while closed.is_empty() {
        if let News::Put(entry) = journal.wait().unwrap()
            && !entry.open
        {
            closed.push(entry.tokens);
        }
    }
    assert_eq!(closed, [6], "the first to close it is the one that ends it");
    // Whoever steers the finished text opens it again.
    let Order::Begin(mut child) = begin(3, "Steered") else {
        unreachable!()
    };
    child.parent = Some(RunId(2));
    journal.send(Order::Begin(child));
    assert!(put(&journal).open);
    journal.send(end(3));
    assert!(!put(&journal).open);
    // Other weights that write the same text.
    let Order::End { ending, .. } = end(3) else {
        unreachable!()
    };
    journal.send(Order::Weights {
        run: RunId(3),
        position: 6,
        weights: vec![0.25],
        ending,
    });
    let stands = [("kind".to_owned(), 0.25)];
    assert_eq!(put(&journal).weights, stands);
    drop(journal);
    let (entries, _) = all(&open(folder.path()));
    assert_eq!((entries.len(), entries[0].open), (1, false));
    assert_eq!(entries[0].weights, stands);
}

#[test]
fn a_text_that_is_steered_after_its_run_was_deleted_is_a_run_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    all(&journal);
    journal.send(begin(1, "Deleted"));
    (0..3).for_each(|position| journal.send(word(1, position)));
    let deleted = put(&journal);
    journal.send(Order::Delete(deleted.id));
    let Order::Begin(mut child) = begin(2, "Steered") else {
        unreachable!()
    };
    child.parent = Some(RunId(1));
    journal.send(Order::Begin(child));
    (0..5).for_each(|position| journal.send(word(2, position)));
    journal.send(end(2));
    let steered = put(&journal);
    assert_ne!(steered.id, deleted.id);
    // What comes back is what was written before.
    journal.send(Order::Restore(Box::new(deleted.clone())));
    drop(journal);
    let (entries, torn) = all(&open(folder.path()));
    let found: Vec<_> = entries.iter().map(|it| (it.id, it.tokens)).collect();
    assert_eq!(found, [(deleted.id, 3), (steered.id, 5)]);
    assert!(!torn && entries.iter().all(|entry| !entry.open));
}

#[test]
fn pins_notes_and_deletions_last_and_the_oldest_go_first() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    for run in 1..=4 {
        journal.send(begin(run, &format!("Run {run}")));
        (0..6).for_each(|position| journal.send(word(run, position)));
        journal.send(end(run));
    }
    drop(journal);
    let journal = open(folder.path());
    let (entries, torn) = all(&journal);
    assert!(!torn);
    assert_eq!(entries.len(), 4);
    assert!(
        entries
            .iter()
            .all(|entry| entry.bytes > 1000 && !entry.strip.is_empty())
    );
    journal.send(Order::Pin(entries[0].id, true));
    journal.send(Order::Note(entries[1].id, "For the class".to_owned()));
    journal.send(Order::Delete(entries[3].id));
    journal.send(Order::Delete(entries[2].id));
    journal.send(Order::Restore(Box::new(entries[2].clone())));
    drop(journal);
    let journal = open(folder.path());
    let (kept, _) = all(&journal);
    let prompts: Vec<&str> = kept.iter().map(|entry| entry.prompt.as_str()).collect();
    assert_eq!(prompts, ["Run 1", "Run 2", "Run 3"]);
    assert!(kept[0].pinned && kept[1].note == "For the class");
    // Room for two: the oldest that is not pinned goes.
    journal.send(Order::Cap(kept[0].bytes + kept[2].bytes + 10));
    drop(journal);
    let (left, _) = all(&open(folder.path()));
    let prompts: Vec<&str> = left.iter().map(|entry| entry.prompt.as_str()).collect();
    assert_eq!(prompts, ["Run 1", "Run 3"]);
    let files = std::fs::read_dir(folder.path()).unwrap();
    let blobs = files.filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        name.to_string_lossy()
            .trim_end_matches(".jsonl")
            .parse::<u64>()
            .is_ok()
    });
    assert_eq!(blobs.count(), 2);
}

/// The runs of a window that came second, whose history lies beside that of the first.
fn all_beside(journal: &Journal) -> Vec<counterpoise::journal::Entry> {
    loop {
        if let News::All {
            entries, is_beside, ..
        } = journal.wait().unwrap()
        {
            assert!(is_beside);
            return entries;
        }
    }
}

fn prompts(entries: &[counterpoise::journal::Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.prompt.as_str()).collect()
}

fn write(journal: &Journal, run: u64, prompt: &str) {
    journal.send(begin(run, prompt));
    (0..4).for_each(|position| journal.send(word(run, position)));
    journal.send(end(run));
}

#[test]
fn a_second_window_writes_beside_the_first_and_both_histories_become_one() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    assert!(all(&first).0.is_empty());
    let second = open(folder.path());
    let third = open(folder.path());
    assert!(all_beside(&second).is_empty() && all_beside(&third).is_empty());
    // Turn by turn, as two people at one desk would.
    write(&first, 1, "First");
    write(&second, 1, "Second");
    write(&third, 1, "Third");
    write(&first, 2, "First again");
    write(&second, 2, "Second again");
    drop(first);
    // The second window is still open: its history waits for its turn.
    let alone = open(folder.path());
    assert_eq!(prompts(&all(&alone).0), ["First", "First again"]);
    drop(alone);
    drop(second);
    drop(third);
    let journal = open(folder.path());
    let (entries, torn) = all(&journal);
    assert!(!torn);
    let mut found = prompts(&entries);
    found.sort_unstable();
    assert_eq!(
        found,
        ["First", "First again", "Second", "Second again", "Third"]
    );
    for entry in &entries {
        assert_eq!(read(&journal, entry.id).guided.pieces.len(), 4);
    }
    drop(journal);
    assert_eq!(all(&open(folder.path())).0.len(), 5, "and only once");
}

#[test]
fn a_killed_window_leaves_no_lock_and_what_it_kept_beside_is_taken_in() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    all(&first);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg("journal::child_that_writes_until_it_is_killed")
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
    told.find(|line| line.as_ref().unwrap().contains("told 20"))
        .unwrap()
        .unwrap();
    let between = open(folder.path());
    assert!(all_beside(&between).is_empty(), "a folder of its own");
    child.kill().unwrap();
    child.wait().unwrap();
    drop((first, between));
    let journal = open(folder.path());
    let (entries, _) = all(&journal);
    assert_eq!(
        prompts(&entries),
        ["A run that ends", "A run that is killed"]
    );
    assert!(entries.iter().all(|entry| !entry.open && entry.tokens > 4));
    // The window that was killed had the folder for itself: so does the next one that comes second.
    assert!(all_beside(&open(folder.path())).is_empty());
}
