//! A hub of our own on this machine, which misbehaves on request: one address for the hub, another for the bytes of large
//! files, as the real one has.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use counterpoise::model::hub::checksum::Checksum;
use serde_json::{Value, json};

use crate::common::spawn;

mod answering;

use answering::serve;

pub(crate) const COMMIT: &str = "aaaabbbbccccddddeeeeffff0000111122223333";

/// What goes wrong the next time that a file's bytes are asked for.
#[derive(Debug, Clone)]
pub(crate) enum Mishap {
    /// Nothing: it goes as it should.
    None,
    /// The connection closes after so many bytes of the body.
    Drop(usize),
    /// After so many bytes of the body nothing comes, until the other side gives up.
    Stall(usize),
    /// Another answer.
    Status(u16, &'static str),
    /// A page for people, as networks in hotels send it.
    Page,
    /// The whole file, whatever was asked for.
    IgnoreRange,
    /// The length is said to be so many bytes more.
    LongerBy(i64),
    /// More bytes come than there are.
    TooMuch,
    /// Bytes from another place than was asked for.
    OtherRange,
    /// As many bytes as there are, one of them another.
    Damage,
    /// No length beforehand.
    Chunked,
    /// The large file comes by a detour on the hub's own address.
    Detour,
    /// A redirect back to where one was.
    Circle,
    /// A hash that is not the file's.
    OtherHash,
}

/// One file of the hub's only repository.
#[derive(Debug, Clone)]
pub(crate) struct HubFile {
    pub(crate) path: String,
    pub(crate) content: Arc<Vec<u8>>,
    /// Large files lie elsewhere and have a SHA-256.
    pub(crate) is_large: bool,
}

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) from_hub: bool,
    pub(crate) authorization: Option<String>,
    pub(crate) range: Option<String>,
    /// Bytes of the body that were sent.
    pub(crate) sent: u64,
}

#[derive(Default)]
struct State {
    files: Vec<HubFile>,
    mishaps: HashMap<String, VecDeque<Mishap>>,
    asked: Vec<Asked>,
    /// The token that opens the repository, where it is gated.
    token: Option<String>,
    /// Takes the place of the list of files.
    list: Option<Value>,
    names_hashes: bool,
}

/// The server. Dropping it ends its threads.
pub(crate) struct Hub {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    hub: SocketAddr,
    bytes: SocketAddr,
    closed: AtomicBool,
    sent: AtomicU64,
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        for address in [self.shared.hub, self.shared.bytes] {
            let _ = TcpStream::connect(address);
        }
    }
}

/// Bytes that look like nothing and are the same each time.
pub(crate) fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(count);
    while bytes.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(count);
    bytes
}

pub(crate) fn large(path: &str, content: Vec<u8>) -> HubFile {
    HubFile {
        path: path.to_owned(),
        content: Arc::new(content),
        is_large: true,
    }
}

pub(crate) fn small(path: &str, content: &str) -> HubFile {
    HubFile {
        path: path.to_owned(),
        content: Arc::new(content.as_bytes().to_vec()),
        is_large: false,
    }
}

impl HubFile {
    pub(crate) fn hash(&self) -> String {
        let pattern = "0".repeat(if self.is_large { 64 } else { 40 });
        let mut running = Checksum::parse(&pattern)
            .unwrap()
            .begin(self.content.len() as u64);
        running.update(&self.content);
        running.hex()
    }
}

impl Hub {
    /// A hub with the repository `o/n`.
    pub(crate) fn with(files: Vec<HubFile>) -> Self {
        let hub = TcpListener::bind("127.0.0.1:0").unwrap();
        let bytes = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                files,
                names_hashes: true,
                ..State::default()
            }),
            hub: hub.local_addr().unwrap(),
            bytes: bytes.local_addr().unwrap(),
            closed: AtomicBool::new(false),
            sent: AtomicU64::new(0),
        });
        for (listener, from_hub) in [(hub, true), (bytes, false)] {
            let shared = Arc::clone(&shared);
            spawn(move || {
                for stream in listener.incoming().flatten() {
                    if shared.closed.load(Ordering::Acquire) {
                        break;
                    }
                    let shared = Arc::clone(&shared);
                    // A client that goes away in the middle ends the thread, which is all it can do.
                    spawn(move || serve(&shared, stream, from_hub));
                }
            });
        }
        Self { shared }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.shared.hub)
    }

    pub(crate) fn host(&self) -> SocketAddr {
        self.shared.hub
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// The next requests for the bytes of a file go wrong like this, one after the other.
    pub(crate) fn mishaps(&self, path: &str, mishaps: impl IntoIterator<Item = Mishap>) {
        let mishaps = mishaps.into_iter().collect();
        self.state().mishaps.insert(path.to_owned(), mishaps);
    }

    /// Only this token opens the repository.
    pub(crate) fn gate(&self, token: &str) {
        self.state().token = Some(token.to_owned());
    }

    /// The list of files is this.
    pub(crate) fn list(&self, list: Value) {
        self.state().list = Some(list);
    }

    /// The list of files does not say their hashes.
    pub(crate) fn keep_hashes(&self) {
        self.state().names_hashes = false;
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// Bytes of files that were sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Acquire)
    }
}
