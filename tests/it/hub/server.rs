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

/// One request, one answer, one connection.
fn serve(shared: &Shared, stream: TcpStream, from_hub: bool) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let index = {
        let mut state = shared.state.lock().unwrap();
        state.asked.push(Asked {
            method: method.clone(),
            target: target.clone(),
            from_hub,
            authorization: headers.get("authorization").cloned(),
            range: headers.get("range").cloned(),
            sent: 0,
        });
        state.asked.len() - 1
    };
    let mut answer = Answering {
        shared,
        stream,
        reader,
        index,
        is_head: method == "HEAD",
    };
    if !from_hub {
        let hash = target.strip_prefix("/bytes/")?;
        let file = {
            let state = shared.state.lock().unwrap();
            state.files.iter().find(|file| file.hash() == hash)?.clone()
        };
        return answer.bytes(&file, headers.get("range"), false);
    }
    let is_open = {
        let state = shared.state.lock().unwrap();
        let given = headers.get("authorization");
        state
            .token
            .as_ref()
            .is_none_or(|token| given == Some(&format!("Bearer {token}")))
    };
    let path = target.split('?').next()?;
    if path == "/api/models" {
        let found = json!([
            {"id": "o/n", "downloads": 7, "likes": 2, "gated": "auto", "pipeline_tag": "text-generation",
             "lastModified": "2026-03-01T10:00:00.000Z", "tags": ["license:mit"]},
            {"id": "../evil"},
            {"id": "o/other"},
        ]);
        return answer.json(&found);
    }
    if let Some(revision) = path.strip_prefix("/api/models/o/n/revision/") {
        return answer.revision(revision);
    }
    if let Some(rest) = path.strip_prefix("/o/n/resolve/") {
        if !is_open {
            return answer.error(401, "GatedRepo", "Access to model o/n is restricted");
        }
        let (_, path) = rest.split_once('/')?;
        let file = {
            let state = shared.state.lock().unwrap();
            let found = state.files.iter().find(|file| file.path == path);
            found.cloned()
        };
        return match file {
            Some(file) => answer.file(&file, headers.get("range")),
            None => answer.error(404, "EntryNotFound", "Entry not found"),
        };
    }
    if let Some(path) = path.strip_prefix("/detour/") {
        let state = shared.state.lock().unwrap();
        let file = state.files.iter().find(|file| file.path == path)?.clone();
        drop(state);
        return answer.redirect(&file);
    }
    answer.error(401, "RepoNotFound", "Invalid username or password.")
}

struct Answering<'s> {
    shared: &'s Shared,
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    index: usize,
    is_head: bool,
}

impl Answering<'_> {
    fn head(&mut self, status: u16, headers: &[(&str, String)]) -> Option<()> {
        let mut text = format!("HTTP/1.1 {status} Whatever\r\nConnection: close\r\n");
        for (name, value) in headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        self.stream.write_all(text.as_bytes()).ok()
    }

    fn whole(&mut self, status: u16, headers: &[(&str, String)], body: &[u8]) -> Option<()> {
        let mut headers = headers.to_vec();
        headers.push(("Content-Length", body.len().to_string()));
        self.head(status, &headers)?;
        if self.is_head {
            return Some(());
        }
        self.stream.write_all(body).ok()
    }

    fn json(&mut self, value: &Value) -> Option<()> {
        self.whole(200, &[], value.to_string().as_bytes())
    }

    fn error(&mut self, status: u16, code: &str, message: &str) -> Option<()> {
        let headers = [
            ("X-Error-Code", code.to_owned()),
            ("X-Error-Message", message.to_owned()),
        ];
        self.whole(status, &headers, b"")
    }

    fn revision(&mut self, revision: &str) -> Option<()> {
        if !["main", "v1", "refs%2Fpr%2F1", COMMIT].contains(&revision) {
            return self.error(404, "RevisionNotFound", "Invalid rev id");
        }
        let state = self.shared.state.lock().unwrap();
        if let Some(list) = state.list.clone() {
            drop(state);
            return self.json(&list);
        }
        let siblings: Vec<Value> = state
            .files
            .iter()
            .map(|file| {
                let mut entry = json!({"rfilename": file.path, "size": file.content.len()});
                if state.names_hashes && file.is_large {
                    entry["blobId"] = json!("0".repeat(40));
                    entry["lfs"] = json!({"sha256": file.hash(), "size": file.content.len(), "pointerSize": 130});
                } else if state.names_hashes {
                    entry["blobId"] = json!(file.hash());
                }
                entry
            })
            .collect();
        let gated = if state.token.is_some() {
            json!("auto")
        } else {
            json!(false)
        };
        drop(state);
        self.json(&json!({
            "id": "o/n", "sha": COMMIT, "gated": gated, "siblings": siblings,
            "lastModified": "2026-03-01T10:00:00.000Z", "cardData": {"license": "apache-2.0"},
            "safetensors": {"total": 1_500_000},
        }))
    }

    fn mishap(&self, path: &str) -> Mishap {
        let mut state = self.shared.state.lock().unwrap();
        let next = state.mishaps.get_mut(path).and_then(VecDeque::pop_front);
        next.unwrap_or(Mishap::None)
    }

    /// What the hub says of a file: its bytes, or where they are.
    fn file(&mut self, file: &HubFile, range: Option<&String>) -> Option<()> {
        if !file.is_large {
            return self.bytes(file, range, true);
        }
        let mut state = self.shared.state.lock().unwrap();
        let first = state.mishaps.get(&file.path).and_then(VecDeque::front);
        let place = match first {
            Some(Mishap::Detour) => format!("/detour/{}", file.path),
            Some(Mishap::Circle) => format!("/o/n/resolve/{COMMIT}/{}", file.path),
            _ => {
                drop(state);
                return self.redirect(file);
            }
        };
        if place.starts_with("/detour") {
            state.mishaps.get_mut(&file.path).unwrap().pop_front();
        }
        drop(state);
        self.whole(307, &[("Location", place)], b"")
    }

    fn redirect(&mut self, file: &HubFile) -> Option<()> {
        let mut state = self.shared.state.lock().unwrap();
        let mishaps = state.mishaps.entry(file.path.clone()).or_default();
        let is_other = matches!(mishaps.front(), Some(Mishap::OtherHash));
        if is_other {
            mishaps.pop_front();
        }
        drop(state);
        let hash = if is_other {
            "f".repeat(64)
        } else {
            file.hash()
        };
        let place = format!("http://{}/bytes/{}", self.shared.bytes, file.hash());
        let headers = [
            ("Location", place),
            ("X-Repo-Commit", COMMIT.to_owned()),
            ("X-Linked-Size", file.content.len().to_string()),
            ("X-Linked-ETag", format!("\"{hash}\"")),
        ];
        self.whole(302, &headers, b"")
    }

    fn bytes(&mut self, file: &HubFile, range: Option<&String>, from_hub: bool) -> Option<()> {
        let content = Arc::clone(&file.content);
        let len = content.len();
        let asked = range.and_then(|range| {
            let from = range.strip_prefix("bytes=")?.strip_suffix('-')?;
            from.parse::<usize>().ok()
        });
        let mishap = self.mishap(&file.path);
        let asked = asked.filter(|_| !matches!(mishap, Mishap::IgnoreRange));
        let from = asked.unwrap_or(0);
        let mut headers = Vec::new();
        if from_hub {
            headers.push(("ETag", format!("\"{}\"", file.hash())));
        }
        let status = if asked.is_some() {
            let said = match mishap {
                Mishap::OtherRange => from + 1,
                _ => from,
            };
            headers.push(("Content-Range", format!("bytes {said}-{}/{len}", len - 1)));
            206
        } else {
            200
        };
        let mut body = content[from..].to_vec();
        match mishap {
            Mishap::Status(code, body) => return self.whole(code, &[], body.as_bytes()),
            Mishap::Page => {
                let headers = [("Content-Type", "text/html".to_owned())];
                return self.whole(200, &headers, b"<html>Please sign in</html>");
            }
            Mishap::Damage => body[0] ^= 1,
            Mishap::TooMuch => body.extend(b"and more of it"),
            Mishap::LongerBy(more) => {
                let said = (body.len() as i64 + more).to_string();
                headers.push(("Content-Length", said));
            }
            _ => {}
        }
        if matches!(mishap, Mishap::Chunked | Mishap::TooMuch) {
            headers.push(("Transfer-Encoding", "chunked".to_owned()));
        } else if !matches!(mishap, Mishap::LongerBy(_)) {
            headers.push(("Content-Length", body.len().to_string()));
        }
        self.head(status, &headers)?;
        if self.is_head {
            return Some(());
        }
        match mishap {
            Mishap::Chunked | Mishap::TooMuch => {
                let mut chunks = Vec::new();
                for chunk in body.chunks(5000) {
                    chunks.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                    chunks.extend(chunk);
                    chunks.extend(b"\r\n");
                }
                chunks.extend(b"0\r\n\r\n");
                self.stream.write_all(&chunks).ok()?;
                self.count(body.len());
                Some(())
            }
            Mishap::Drop(after) => self.send(&body[..after.min(body.len())]),
            Mishap::Stall(after) => {
                self.send(&body[..after.min(body.len())])?;
                // Until the other side hangs up.
                let _ = self.reader.read(&mut [0]);
                None
            }
            _ => self.send(&body),
        }
    }

    fn send(&mut self, body: &[u8]) -> Option<()> {
        for piece in body.chunks(64 << 10) {
            self.stream.write_all(piece).ok()?;
            self.count(piece.len());
        }
        Some(())
    }

    fn count(&self, bytes: usize) {
        self.shared.sent.fetch_add(bytes as u64, Ordering::AcqRel);
        self.shared.state.lock().unwrap().asked[self.index].sent += bytes as u64;
    }
}
