//! A device that asks and polls.

use std::{thread, time::Duration};

use super::stage::{DEVICE_GRANT, Node, error, text, until};
use crate::server::Reply;

/// A little more than the second that test servers ask for between polls.
const INTERVAL: Duration = Duration::from_millis(1_050);
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Device {
    client: &'static str,
    /// The secret it polls with.
    pub(super) code: String,
    pub(super) user_code: String,
    pub(super) complete: String,
}

impl Device {
    pub(super) fn ask(node: &Node, client: &'static str) -> Self {
        let reply = node.as_client(client, "/device_authorization", &[("scope", "read")]);
        assert_eq!(reply.status, 200, "{reply:?}");
        Self {
            client,
            code: text(&reply, "device_code"),
            user_code: text(&reply, "user_code"),
            complete: text(&reply, "verification_uri_complete"),
        }
    }

    pub(super) fn poll(&self, node: &Node) -> Reply {
        self.poll_as(self.client, node)
    }

    pub(super) fn poll_as(&self, client: &str, node: &Node) -> Reply {
        let fields = [
            ("grant_type", DEVICE_GRANT),
            ("device_code", self.code.as_str()),
        ];
        node.as_client(client, "/token", &fields)
    }

    /// Polls until the answer is neither `authorization_pending` nor `slow_down`.
    pub(super) fn wait(&self, node: &Node) -> Reply {
        let answered = until(PATIENCE, || {
            let reply = self.poll(node);
            let waits = ["authorization_pending", "slow_down"].contains(&error(&reply).as_str());
            if waits {
                thread::sleep(INTERVAL);
            }
            (!waits).then_some(reply)
        });
        answered.unwrap_or_else(|| panic!("no answer within {PATIENCE:?}"))
    }
}
