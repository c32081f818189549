//! Supervision of background tasks: the feed, time-based events, webhooks, and the deletion of what has expired.
//!
//! A task that panics, or ends although the server does not stop, is restarted with a backoff. Until it has run
//! for a while again, the process reports that it is not ready.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::Instrument;

use crate::http::request_id::panic_message;
use crate::telemetry::metrics::Metrics;

/// Delay before the first restart; it doubles with each failure that follows.
const BACKOFF_MIN: Duration = Duration::from_millis(100);
/// Maximum delay before a restart.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// A restarted task that has run for this time counts as well again.
const RECOVERY_TIME: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });

/// Runs the background tasks of a process.
#[derive(Debug)]
pub(super) struct Supervisor {
    metrics: Metrics,
    health: TaskHealth,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// The signal that stops tasks.
#[derive(Clone, Debug)]
pub(super) struct StopSignal(watch::Receiver<bool>);

impl StopSignal {
    fn is_received(&self) -> bool {
        *self.0.borrow()
    }

    /// Completes when the tasks are to stop.
    pub(super) async fn received(mut self) {
        // An error means that the supervisor was dropped.
        drop(self.0.wait_for(|is_stopped| *is_stopped).await);
    }
}

impl Supervisor {
    pub(super) fn new(metrics: Metrics) -> Self {
        let health = TaskHealth::default();
        Self { metrics, health, stop: watch::Sender::new(false), tasks: JoinSet::new() }
    }

    /// The state of the tasks.
    pub(super) fn health(&self) -> &TaskHealth {
        &self.health
    }

    /// Runs a task until the tasks are stopped, at which it may be dropped at any point.
    pub(super) fn spawn<F>(&mut self, name: &'static str, task: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn_stopping(name, move |stop| {
            let run = task();
            async move {
                tokio::select! {
                    () = run => {}
                    () = stop.received() => {}
                }
            }
        });
    }

    /// Runs a task that ends by itself on the stop signal.
    pub(super) fn spawn_stopping<F>(
        &mut self,
        name: &'static str,
        task: impl Fn(StopSignal) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        self.metrics.task_started(name);
        let (metrics, health) = (self.metrics.clone(), self.health.clone());
        let stop = StopSignal(self.stop.subscribe());
        // The span separates its log lines from those of requests.
        let span = tracing::info_span!("task", name);
        self.tasks.spawn(supervise(name, task, metrics, health, stop).instrument(span));
    }

    /// Stops the tasks and waits until they have ended.
    pub(super) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn supervise<F>(
    name: &'static str,
    task: impl Fn(StopSignal) -> F,
    metrics: Metrics,
    health: TaskHealth,
    stop: StopSignal,
) where
    F: Future<Output = ()>,
{
    let mut failures = 0;
    loop {
        let began = Instant::now();
        let ended = {
            let mut run = std::pin::pin!(AssertUnwindSafe(async { task(stop.clone()).await }).catch_unwind());
            tokio::select! {
                ended = &mut run => ended,
                () = async {
                    sleep(RECOVERY_TIME).await;
                    health.set_running(name);
                    metrics.task_recovered(name);
                    std::future::pending::<()>().await;
                } => Ok(()),
            }
        };
        if stop.is_received() {
            return;
        }
        if began.elapsed() >= RECOVERY_TIME {
            failures = 0;
        }
        let reason = match &ended {
            Ok(()) => "it has ended",
            Err(panic) => panic_message(panic.as_ref()),
        };
        let backoff = backoff(failures);
        failures += 1;
        tracing::error!(task = name, reason, failures, ?backoff, "background task failed; restarting it");
        health.set_failed(name);
        metrics.task_failed(name);
        tokio::select! {
            () = sleep(backoff) => {}
            () = stop.clone().received() => return,
        }
    }
}

/// The delay after a number of failures before this one.
fn backoff(failures: u32) -> Duration {
    BACKOFF_MIN.saturating_mul(2_u32.saturating_pow(failures)).min(BACKOFF_MAX)
}

/// Which tasks have failed and did not run long enough since; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct TaskHealth(Arc<Mutex<BTreeMap<&'static str, Instant>>>);

impl TaskHealth {
    fn failed(&self) -> MutexGuard<'_, BTreeMap<&'static str, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_failed(&self, name: &'static str) {
        self.failed().entry(name).or_insert_with(Instant::now);
    }

    fn set_running(&self, name: &'static str) {
        self.failed().remove(name);
    }

    /// Whether all tasks run.
    ///
    /// # Errors
    /// The tasks that have failed, for operators.
    pub(super) fn check(&self) -> Result<(), String> {
        let failed = self.failed();
        let Some((first, _)) = failed.iter().next() else { return Ok(()) };
        let others = match failed.len() - 1 {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        let seconds = failed.values().map(Instant::elapsed).max().unwrap_or_default().as_secs();
        Err(format!("background task {first}{others} failed {seconds} s ago and is being restarted"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const TASK: &str = "feed";

    fn series(metrics: &Metrics, name: &str) -> String {
        let text = metrics.render(&[]);
        let series = format!("partner_program_{name}{{task=\"{TASK}\"}} ");
        let value = text.lines().find_map(|line| line.strip_prefix(&series));
        value.unwrap_or_else(|| panic!("no {series} in {text}")).to_owned()
    }

    async fn until(what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// A task that panics, ends, panics again, and then runs.
    #[tokio::test]
    async fn a_task_that_fails_is_restarted() {
        let metrics = Metrics::default();
        let mut supervisor = Supervisor::new(metrics.clone());
        let starts = Arc::new(AtomicU32::new(0));
        supervisor.spawn(TASK, {
            let starts = Arc::clone(&starts);
            move || {
                let start = starts.fetch_add(1, Ordering::SeqCst);
                async move {
                    assert!(start != 0 && start != 2, "a task that is made to fail");
                    if start == 3 {
                        std::future::pending::<()>().await;
                    }
                }
            }
        });
        let health = supervisor.health().clone();
        let values = || [series(&metrics, "task_failures_total"), series(&metrics, "tasks_failing")];
        assert_eq!((health.check(), values()), (Ok(()), ["0", "0"].map(str::to_owned)));
        until("a failure", || values()[0] != "0").await;
        assert!(health.check().is_err_and(|why| why.starts_with("background task feed failed")));
        assert_eq!(values()[1], "1");
        until("the fourth start", || starts.load(Ordering::SeqCst) == 4).await;
        assert!(health.check().is_err(), "it has not run for long");
        until("a recovery", || health.check().is_ok()).await;
        assert_eq!(values(), ["3", "0"]);
        supervisor.stop().await;
        assert_eq!(starts.load(Ordering::SeqCst), 4);
    }

    /// The stop waits for a task that finishes its work, and for none that waits for its restart.
    #[tokio::test]
    async fn a_stop_waits_for_work_in_progress() {
        let mut supervisor = Supervisor::new(Metrics::default());
        let finished = Arc::new(AtomicU32::new(0));
        supervisor.spawn_stopping(TASK, {
            let finished = Arc::clone(&finished);
            move |stop| {
                let finished = Arc::clone(&finished);
                async move {
                    stop.received().await;
                    sleep(Duration::from_millis(50)).await;
                    finished.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let failures = Arc::new(AtomicU32::new(0));
        supervisor.spawn("webhooks", {
            let failures = Arc::clone(&failures);
            move || {
                failures.fetch_add(1, Ordering::SeqCst);
                async { panic!("a task that is made to fail") }
            }
        });
        until("two failures", || failures.load(Ordering::SeqCst) == 2).await;
        supervisor.stop().await;
        assert_eq!((finished.load(Ordering::SeqCst), failures.load(Ordering::SeqCst)), (1, 2));
    }

    #[test]
    fn the_backoff_grows_to_its_maximum() {
        let delays = [0, 1, 2, 8, 9, 40].map(|failures| backoff(failures).as_millis());
        assert_eq!(delays, [100, 200, 400, 25_600, 30_000, 30_000]);
    }
}
