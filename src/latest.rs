//! A thread for CPU-only work of which only the newest request counts: a slider that moves asks sixty times a second, and
//! an answer to anything but its last place would come too late.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

struct Shared<Q, A> {
    slots: Mutex<Slots<Q, A>>,
    changed: Condvar,
}

struct Slots<Q, A> {
    request: Option<Q>,
    answer: Option<A>,
    closed: bool,
}

/// Keeps one thread busy with the newest request. Dropping it ends the thread.
pub struct Latest<Q, A> {
    shared: Arc<Shared<Q, A>>,
}

impl<Q: Send + 'static, A: Send + 'static> Latest<Q, A> {
    /// Starts the thread; `wake` is called after every answer.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn spawn(
        name: &str,
        mut work: impl FnMut(Q) -> A + Send + 'static,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            slots: Mutex::new(Slots {
                request: None,
                answer: None,
                closed: false,
            }),
            changed: Condvar::new(),
        });
        let inner = Arc::clone(&shared);
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                while let Some(request) = inner.next() {
                    let answer = work(request);
                    lock(&inner.slots).answer = Some(answer);
                    wake();
                }
            })?;
        Ok(Self { shared })
    }

    /// Asks; a request that was still waiting is forgotten.
    pub fn request(&self, request: Q) {
        lock(&self.shared.slots).request = Some(request);
        self.shared.changed.notify_one();
    }

    /// The newest answer that has not been taken yet.
    pub fn take(&self) -> Option<A> {
        lock(&self.shared.slots).answer.take()
    }
}

impl<Q, A> Shared<Q, A> {
    /// Waits for a request; `None` when there will be no more.
    fn next(&self) -> Option<Q> {
        let mut slots = lock(&self.slots);
        loop {
            if slots.closed {
                return None;
            }
            if let Some(request) = slots.request.take() {
                return Some(request);
            }
            slots = self
                .changed
                .wait(slots)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<Q, A> Drop for Latest<Q, A> {
    fn drop(&mut self) {
        lock(&self.shared.slots).closed = true;
        self.shared.changed.notify_one();
    }
}

/// The slots hold plain values that are replaced whole, so a panic elsewhere cannot leave them half-written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn only_the_newest_waiting_request_is_answered() {
        let (started, has_started) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let (woke, woken) = mpsc::channel();
        let work = move |request: u32| {
            started.send(request).unwrap();
            may_go_on.recv().unwrap();
            request * 10
        };
        let latest = Latest::spawn("latest-test", work, move || woke.send(()).unwrap()).unwrap();
        let patience = Duration::from_secs(20);
        latest.request(1);
        assert_eq!(has_started.recv_timeout(patience), Ok(1));
        for request in 2..=9 {
            latest.request(request);
        }
        go_on.send(()).unwrap();
        woken.recv_timeout(patience).unwrap();
        assert_eq!(has_started.recv_timeout(patience), Ok(9));
        go_on.send(()).unwrap();
        woken.recv_timeout(patience).unwrap();
        assert_eq!(latest.take(), Some(90));
        assert_eq!(latest.take(), None);
    }
}
