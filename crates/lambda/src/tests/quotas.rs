//! An account's share of the host, with real environments: who is over it, and who makes room.

use std::sync::Arc;
use std::time::Duration;

use base::{Account, Clock, Fault};

use super::house::House;
use crate::environment::Launch;
use crate::pool::Keeping;
use crate::quota::Quotas;

const HELLO: &str = "def handler(event, context):\n    return 1\n";
/// Runs until its time is up.
const BUSY: &str = "import signal\ndef handler(event, context):\n    signal.pause()\n";

async fn house(quotas: Quotas) -> Option<House> {
    House::keeping(Keeping { quotas, ..Keeping::default() }).await
}

fn of(account: &str, mut launch: Launch) -> Arc<Launch> {
    launch.scope.account = Account::parse(account).expect("twelve digits");
    Arc::new(launch)
}

/// Tries an event while another runs; the other's environment must be all that there is room for.
async fn while_busy(house: &House, busy: Arc<Launch>, other: &Arc<Launch>) -> Result<(), Fault> {
    let running = house.run(&busy, "1");
    let tried = async {
        while house.pool.alive() == 0 {
            Clock::wall().sleep(Duration::from_millis(1)).await;
        }
        house.try_to_run(other, "1").await.map(drop)
    };
    let (_timed_out, tried) = futures_util::future::join(running, tried).await;
    tried
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_environment_makes_room_for_another() {
    for quotas in [
        Quotas { environments_per_account: Some(1), ..Quotas::default() },
        Quotas { memory_mb_per_account: Some(200), ..Quotas::default() },
        Quotas { memory_mb: Some(200), ..Quotas::default() },
    ] {
        let Some(house) = house(quotas).await else { return };
        for _ in 0..3 {
            let launch = Arc::new(house.python(HELLO));
            house.run(&launch, "1").await;
            assert_eq!(house.pool.alive(), 1, "{quotas:?}");
        }
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_one_is_in_the_way_of_its_account_alone() {
    let quotas = Quotas { environments_per_account: Some(1), ..Quotas::default() };
    let Some(house) = house(quotas).await else { return };
    let busy = of("000000000001", house.python(BUSY));
    let (own, others) = (of("000000000001", house.python(HELLO)), of("000000000002", house.python(HELLO)));
    let refused = while_busy(&house, busy.clone(), &own).await.expect_err("its account has one");
    assert_eq!((refused.code.as_ref(), refused.message.as_str()), ("TooManyRequestsException", "Rate Exceeded."));
    // What ran out of time keeps its environment, now idle; it goes for one of the other function.
    house.try_to_run(&own, "1").await.expect("there is room again");
    while_busy(&house, busy, &others).await.expect("another account has a share of its own");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_host_is_in_the_way_of_everybody() {
    let Some(house) = house(Quotas { memory_mb: Some(200), ..Quotas::default() }).await else { return };
    let (busy, others) = (of("000000000001", house.python(BUSY)), of("000000000002", house.python(HELLO)));
    let refused = while_busy(&house, busy, &others).await.expect_err("the host is full");
    assert_eq!(refused.code, Fault::UNAVAILABLE);
    house.close().await;
}
