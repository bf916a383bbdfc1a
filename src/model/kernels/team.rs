//! Threads that work through the short jobs of one step.
//!
//! A step has some hundred jobs of a few microseconds each, and waking a thread takes longer than such a job. So helpers
//! are called once per step and wait for jobs without sleeping. Nobody waits for a helper to come: a job's parts are taken
//! one by one by whoever is there, in the worst case all of them by the caller. Which thread does a part changes nothing
//! in its result.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Looks at the next job before a waiting helper lets other programs on.
const PATIENCE: u32 = 4_000;

/// Bits for the parts of a job: how many there are, and how many are taken.
const PART_BITS: u32 = 20;

/// Most parts of one job.
const MOST_PARTS: usize = (1 << PART_BITS) - 1;

/// A job: called with the number of each part.
type Job<'a> = dyn Fn(usize) + Sync + 'a;

/// Threads that share jobs.
pub struct Team {
    threads: usize,
    /// Number of the job (upper bits), its parts, and how many are taken.
    state: AtomicU64,
    /// Parts that are done.
    done: AtomicUsize,
    /// Whether a helper's part panicked.
    failed: AtomicBool,
    over: AtomicBool,
    job: UnsafeCell<Option<*const Job<'static>>>,
}

// SAFETY: `job` is written by the caller alone, while no part is open, and read only by threads that hold a part; see
// `run`. What it points to is `Sync`.
unsafe impl Sync for Team {}

impl std::fmt::Debug for Team {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Team")
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// Runs `f` with a team of as many threads as the pool has, the calling one among them.
pub fn with_team<R>(f: impl FnOnce(&Team) -> R) -> R {
    let team = Team::new(rayon::current_num_threads());
    if team.threads == 1 {
        return f(&team);
    }
    rayon::in_place_scope(|scope| {
        // Also after a panic in `f`: the scope waits for its helpers.
        let _over = Over(&team);
        for _ in 1..team.threads {
            scope.spawn(|_| team.serve());
        }
        f(&team)
    })
}

/// Sends the helpers home.
struct Over<'a>(&'a Team);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Release);
    }
}

/// Counts a part as done, also when it panics.
struct Done<'a>(&'a Team);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.failed.store(true, Ordering::Release);
        }
        self.0.done.fetch_add(1, Ordering::Release);
    }
}

impl Team {
    fn new(threads: usize) -> Self {
        Self {
            threads,
            state: AtomicU64::new(0),
            done: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            over: AtomicBool::new(false),
            job: UnsafeCell::new(None),
        }
    }

    /// Number of threads, the caller among them.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Calls `job` once with each number below `parts`, at the same time on several threads, and returns when all have
    /// come back. A job must not run another one on the same team.
    ///
    /// # Panics
    /// Where a part panicked.
    pub fn run(&self, parts: usize, job: &Job<'_>) {
        if self.threads == 1 || !(2..=MOST_PARTS).contains(&parts) {
            (0..parts).for_each(job);
            return;
        }
        // SAFETY: only the lifetime changes. The job is called only between here and the end of this call, as all
        // parts are waited for below, also when one of the caller's own panics.
        let job = unsafe { std::mem::transmute::<&Job<'_>, &'static Job<'static>>(job) };
        // SAFETY: no part is open (the last call waited for all), so no helper reads this.
        unsafe { *self.job.get() = Some(std::ptr::from_ref(job)) };
        self.done.store(0, Ordering::Relaxed);
        let number = (self.state.load(Ordering::Relaxed) >> (2 * PART_BITS)) + 1;
        let state = (number << (2 * PART_BITS)) | ((parts as u64) << PART_BITS);
        self.state.store(state, Ordering::Release);
        let wait = Wait { team: self, parts };
        while self.part() {}
        drop(wait);
        assert!(
            !self.failed.load(Ordering::Acquire),
            "a part of a product failed"
        );
    }

    /// Takes and does one part, if there is one.
    fn part(&self) -> bool {
        let state = self.state.load(Ordering::Acquire);
        let (parts, taken) = (
            (state >> PART_BITS) as usize & MOST_PARTS,
            state as usize & MOST_PARTS,
        );
        if taken >= parts {
            return false;
        }
        let claim =
            self.state
                .compare_exchange(state, state + 1, Ordering::AcqRel, Ordering::Acquire);
        if claim.is_ok() {
            let _done = Done(self);
            // SAFETY: this part is claimed and not done, so the caller of `run` still waits: the job of this state is in
            // place and alive.
            if let Some(job) = unsafe { *self.job.get() } {
                // SAFETY: as above.
                unsafe { (*job)(taken) };
            }
        }
        true
    }

    /// What a helper does until the team is over.
    fn serve(&self) {
        let mut looks = 0;
        while !self.over.load(Ordering::Acquire) {
            if self.part() {
                looks = 0;
                continue;
            }
            looks += 1;
            if looks < PATIENCE {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

/// Waits until all parts are done; on a panic of the caller's own part, the others are taken away first.
struct Wait<'a> {
    team: &'a Team,
    parts: usize,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let team = self.team;
        if std::thread::panicking() {
            while team.skip() {}
        }
        let mut looks = 0;
        while team.done.load(Ordering::Acquire) < self.parts {
            looks += 1;
            if looks < PATIENCE {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

impl Team {
    /// Takes a part without doing it.
    fn skip(&self) -> bool {
        let state = self.state.load(Ordering::Acquire);
        if state as usize & MOST_PARTS >= (state >> PART_BITS) as usize & MOST_PARTS {
            return false;
        }
        let claim =
            self.state
                .compare_exchange(state, state + 1, Ordering::AcqRel, Ordering::Acquire);
        if claim.is_ok() {
            self.done.fetch_add(1, Ordering::Release);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once_in_every_job() {
        with_team(|team| {
            for parts in [0, 1, 2, 3, 17, 100] {
                for _ in 0..if cfg!(miri) { 5 } else { 50 } {
                    let counts: Vec<AtomicUsize> =
                        (0..parts).map(|_| AtomicUsize::new(0)).collect();
                    team.run(parts, &|part| {
                        counts[part].fetch_add(1, Ordering::Relaxed);
                    });
                    assert!(counts.iter().all(|n| n.load(Ordering::Relaxed) == 1));
                }
            }
        });
    }

    #[test]
    fn a_part_that_panics_ends_the_job_and_not_the_program() {
        let result = std::panic::catch_unwind(|| {
            with_team(|team| team.run(8, &|part| assert!(part != 5, "part five")));
        });
        assert!(result.is_err());
        with_team(|team| team.run(8, &|_| {}));
    }
}
