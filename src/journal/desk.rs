//! The thread that keeps the history and reads and writes run files: it is told what happens, and never makes anyone wait.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::beside::Place;
use super::blob::{BlobWriter, Head, Word};
use super::files::{blob_path, open_file, save_file};
use super::kept::Kept;
use super::orders::{Beginning, News, Order};
use super::{Entry, now_millis};
use crate::domain::{Pane, RunId};
use crate::engine::decode::GuidedStep;
use crate::engine::trace::StoredRows;
use crate::error::Failure;
use crate::record::{self, Record};

/// Talks to the thread. Dropping it ends the thread once all is written.
#[derive(Debug)]
pub struct Journal {
    orders: Option<Sender<Order>>,
    news: Receiver<News>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Journal {
    /// Starts the thread; without a folder nothing is kept, and run files can still be read and written. `wake` is called
    /// after every piece of news.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(
        folder: Option<PathBuf>,
        cap: u64,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (orders, inbox) = channel();
        let (outbox, news) = channel();
        let tell = move |piece| {
            // A window that is gone hears nothing.
            if outbox.send(piece).is_ok() {
                wake();
            }
        };
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || {
                let mut desk = Desk::open(folder, cap, Box::new(tell));
                for order in inbox {
                    desk.serve(order);
                }
                desk.close();
            })?;
        Ok(Self {
            orders: Some(orders),
            news,
            thread: Some(thread),
        })
    }

    /// Gives an order; never waits.
    pub fn send(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // A thread that is gone writes nothing: its last news has said so.
            let _ = orders.send(order);
        }
    }

    /// What is new, if anything is.
    pub fn take(&self) -> Option<News> {
        self.news.try_recv().ok()
    }

    /// Waits for news; for programs without a window.
    pub fn wait(&self) -> Option<News> {
        self.news.recv().ok()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // What was told is to be on the disk.
            let _ = thread.join();
        }
    }
}

/// A file that is being written.
struct Writing {
    id: u64,
    blob: BlobWriter,
    /// The run that wrote to it last.
    head: RunId,
}

struct Desk {
    kept: Option<Kept>,
    cap: u64,
    tell: Box<dyn Fn(News) + Send>,
    writing: Vec<Writing>,
}

/// Files that are kept open at most: a text that is steered goes on in the file of the text before.
const MOST_OPEN: usize = 8;

impl Desk {
    fn open(folder: Option<PathBuf>, cap: u64, tell: Box<dyn Fn(News) + Send>) -> Self {
        let kept = folder.and_then(|folder| match Place::open(folder) {
            Ok(place) => Some(Kept {
                place,
                deleted: Vec::new(),
            }),
            Err(error) => {
                tell(failed(not_kept(&error), None));
                None
            }
        });
        let mut desk = Self {
            kept,
            cap,
            tell,
            writing: Vec::new(),
        };
        desk.list();
        desk
    }

    /// Tells all runs, those that the program's end cut short with what is on the disk of them.
    fn list(&mut self) {
        let Some(kept) = &mut self.kept else { return };
        let open: Vec<u64> = (kept.place.index.entries.values())
            .filter(|entry| entry.open)
            .map(|entry| entry.id)
            .collect();
        let mut torn = kept.place.index.torn;
        for id in open {
            torn |= kept.read_again(id);
        }
        (self.tell)(News::All {
            entries: kept.place.index.entries.values().cloned().collect(),
            torn,
            is_beside: kept.place.is_beside,
        });
        self.used();
    }

    fn used(&self) {
        if let Some(kept) = &self.kept {
            (self.tell)(News::Used(kept.used()));
        }
    }

    fn serve(&mut self, order: Order) {
        let done = match order {
            Order::Begin(beginning) => self.begin(&beginning),
            Order::Started {
                run,
                rendered,
                prompt_tokens,
            } => self.on(run, |blob| blob.started(&rendered, prompt_tokens)),
            Order::Word {
                run,
                pane,
                step,
                text,
            } => self.on(run, |blob| word(blob, pane, &step, &text)),
            Order::End { run, ending } => {
                let done = self.on(run, |blob| blob.end(&ending));
                self.ended(run);
                done
            }
            Order::Weights {
                run,
                position,
                weights,
                ending,
            } => {
                let done = self.on(run, |blob| {
                    blob.from(position, &weights)?;
                    blob.end(&ending)
                });
                self.ended(run);
                done
            }
            Order::Pin(id, pinned) => self.change(id, |entry| entry.pinned = pinned),
            Order::Note(id, note) => self.change(id, |entry| entry.note = note),
            Order::Delete(id) => self.delete(id),
            Order::Restore(entry) => self.restore(*entry),
            Order::Open { id, wish } => {
                let read = self.kept.as_ref().map(|kept| kept.read(id));
                match read {
                    Some(Ok((record, _))) => self.opened(record, wish, Some(id)),
                    Some(Err(failure)) => (self.tell)(failed(failure, Some(wish))),
                    None => (self.tell)(failed(no_history(), Some(wish))),
                }
                Ok(())
            }
            Order::OpenFile { path, wish } => {
                match open_file(&path) {
                    Ok(record) => self.opened(record, wish, None),
                    Err(failure) => (self.tell)(failed(failure, Some(wish))),
                }
                Ok(())
            }
            Order::OpenText { text, wish } => {
                match record::read(&text) {
                    Ok(record) => self.opened(record, wish, None),
                    Err(failure) => (self.tell)(failed(failure, Some(wish))),
                }
                Ok(())
            }
            Order::Save {
                path,
                record,
                format,
                look,
            } => {
                (self.tell)(match save_file(&path, &record, format, &look) {
                    Ok(()) => News::Saved(path),
                    Err(failure) => failed(failure, None),
                });
                Ok(())
            }
            Order::Cap(cap) => {
                self.cap = cap;
                self.prune();
                Ok(())
            }
        };
        if let Err(error) = done {
            (self.tell)(failed(not_kept(&error), None));
            // What cannot be written is not tried again with every word.
            self.writing.clear();
            self.kept = None;
        }
    }

    fn opened(&self, record: Record, wish: u64, id: Option<u64>) {
        (self.tell)(News::Opened {
            wish,
            record: Arc::new(record),
            id,
        });
    }

    fn begin(&mut self, beginning: &Beginning) -> std::io::Result<()> {
        let Some(kept) = &mut self.kept else {
            return Ok(());
        };
        let run = beginning.run;
        let [base, guided] = &beginning.known;
        let goes_on = beginning.parent.and_then(|parent| {
            self.writing
                .iter_mut()
                .find(|writing| writing.head == parent)
        });
        if let Some(writing) = goes_on {
            writing.head = run;
            writing
                .blob
                .from(guided.pieces.len(), &beginning.head.weights)?;
            let id = writing.id;
            // Whoever steers a finished text opens its file again.
            let entries = &kept.place.index.entries;
            if let Some(entry) = entries.get(&id).filter(|entry| !entry.open) {
                let entry = Entry {
                    open: true,
                    ..entry.clone()
                };
                kept.place.index.put(entry.clone())?;
                (self.tell)(News::Put(Box::new(entry)));
            }
            return Ok(());
        }
        // The file of a run that was deleted is still there.
        let listed = kept.place.index.entries.keys();
        let newest = listed.chain(&kept.deleted).max();
        let id = now_millis().max(newest.map_or(0, |newest| newest + 1));
        let head = Head {
            at: id / 1000,
            ..beginning.head.clone()
        };
        let path = blob_path(&kept.place.folder, id);
        let texts = Arc::clone(&beginning.info.texts);
        let mut blob = BlobWriter::create(&path, &head, texts)?;
        if !beginning.rendered.is_empty() {
            blob.started(&beginning.rendered, beginning.prompt_tokens)?;
        }
        for (pane, text) in [(Pane::Base, base), (Pane::Guided, guided)] {
            for (at, (step, piece)) in text.trace.steps().iter().zip(&text.pieces).enumerate() {
                blob.known_word(pane, at, step, piece, at < text.given)?;
            }
        }
        let names = head
            .objectives
            .iter()
            .map(|objective| objective.name.clone());
        let entry = Entry {
            id,
            prompt: head.prompt.text.clone(),
            text: String::new(),
            lineup: head.lineup.clone(),
            weights: names.zip(head.weights.iter().copied()).collect(),
            scores: Vec::new(),
            strip_of: 0,
            strip: Vec::new(),
            tokens: 0,
            bytes: blob.bytes,
            open: true,
            pinned: false,
            note: String::new(),
        };
        kept.place.index.put(entry.clone())?;
        (self.tell)(News::Put(Box::new(entry)));
        if self.writing.len() == MOST_OPEN {
            self.sum_up(0);
            self.writing.remove(0);
        }
        self.writing.push(Writing {
            id,
            blob,
            head: run,
        });
        Ok(())
    }

    /// Does something with the file of a run, where the run is the last that wrote to it.
    fn on(
        &mut self,
        run: RunId,
        work: impl FnOnce(&mut BlobWriter) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        let writing = self.writing.iter_mut().find(|writing| writing.head == run);
        writing.map_or(Ok(()), |writing| work(&mut writing.blob))
    }

    /// A run has come to its end: nothing where another one goes on in its file.
    fn ended(&mut self, run: RunId) {
        let writing = self.writing.iter().position(|writing| writing.head == run);
        let Some(writing) = writing else {
            return;
        };
        self.sum_up(writing);
        self.prune();
    }

    /// Brings a run's line in the list up to what has been written of it.
    fn sum_up(&mut self, writing: usize) {
        let (Some(kept), Some(writing)) = (&mut self.kept, self.writing.get(writing)) else {
            return;
        };
        let Writing { id, blob, .. } = writing;
        kept.sum_up(*id, Some(&blob.summary), blob.bytes);
        if let Some(entry) = kept.place.index.entries.get(id) {
            (self.tell)(News::Put(Box::new(entry.clone())));
        }
    }

    fn change(&mut self, id: u64, change: impl FnOnce(&mut Entry)) -> std::io::Result<()> {
        let Some(kept) = &mut self.kept else {
            return Ok(());
        };
        let Some(mut entry) = kept.place.index.entries.get(&id).cloned() else {
            return Ok(());
        };
        change(&mut entry);
        kept.place.index.put(entry.clone())?;
        (self.tell)(News::Put(Box::new(entry)));
        Ok(())
    }

    fn delete(&mut self, id: u64) -> std::io::Result<()> {
        let Some(kept) = &mut self.kept else {
            return Ok(());
        };
        kept.place.index.delete(id)?;
        kept.deleted.push(id);
        // Whoever steers its text on begins a run of their own.
        self.writing.retain(|writing| writing.id != id);
        (self.tell)(News::Gone(id));
        self.used();
        Ok(())
    }

    fn restore(&mut self, entry: Entry) -> std::io::Result<()> {
        let Some(kept) = &mut self.kept else {
            return Ok(());
        };
        kept.deleted.retain(|id| *id != entry.id);
        let id = entry.id;
        kept.place.index.put(entry)?;
        // It may have been deleted while it was written.
        kept.read_again(id);
        if let Some(entry) = kept.place.index.entries.get(&id) {
            (self.tell)(News::Put(Box::new(entry.clone())));
        }
        self.used();
        Ok(())
    }

    /// Removes the oldest runs that are not pinned until the rest fits.
    fn prune(&mut self) {
        let Some(kept) = &mut self.kept else { return };
        let mut used = kept.used();
        let writing: Vec<u64> = self.writing.iter().map(|writing| writing.id).collect();
        let old: Vec<(u64, u64)> = (kept.place.index.entries.values())
            .filter(|entry| !entry.pinned && !writing.contains(&entry.id))
            .map(|entry| (entry.id, entry.bytes))
            .collect();
        for (id, bytes) in old {
            if used <= self.cap {
                break;
            }
            if kept.place.index.delete(id).is_ok() {
                kept.remove_blob(id);
                used -= bytes.min(used);
                (self.tell)(News::Gone(id));
            }
        }
        self.used();
    }

    /// Removes the files of what was deleted.
    fn close(&mut self) {
        if let Some(kept) = &mut self.kept {
            for id in std::mem::take(&mut kept.deleted) {
                kept.remove_blob(id);
            }
        }
    }
}

fn word(blob: &mut BlobWriter, pane: Pane, step: &GuidedStep, text: &str) -> std::io::Result<()> {
    let complete = !step.scores.rewards.is_empty();
    blob.word(Word {
        pane,
        at: step.position,
        text,
        given: step.given,
        token: step.token,
        weights: &step.weights,
        insight: &step.insight,
        rows: complete.then(|| StoredRows::of(&step.scores)),
        base: Some(&step.scores.base),
    })
}

const fn failed(failure: Failure, wish: Option<u64>) -> News {
    News::Failed { failure, wish }
}

fn no_history() -> Failure {
    Failure::failed("The history cannot be read since it could not be written")
        .hint("Make room on the disk and open the window again")
}

fn not_kept(error: &std::io::Error) -> Failure {
    Failure::failed("The history of runs cannot be written")
        .hint("Texts can still be written; make room on the disk and open the window again")
        .details(error.to_string())
}
