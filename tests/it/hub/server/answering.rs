//! One connection: what is asked, and the answer with its mishap.

use super::*;

/// One request, one answer, one connection.
pub(super) fn serve(shared: &Shared, stream: TcpStream, from_hub: bool) -> Option<()> {
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
