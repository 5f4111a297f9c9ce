//! The Rust driver as a judge: `judge HOST PORT TABLE`, see ../../README.md.
use futures::stream::{self, StreamExt, TryStreamExt};
use openssl::ssl::{SslContext, SslContextBuilder, SslMethod, SslVerifyMode};
use scylla::client::session_builder::SessionBuilder;
use std::error::Error;
use std::io::{stdin, stdout, Write};

const WINDOW: usize = 64;

fn say(word: &str) -> Result<(), Box<dyn Error>> {
    println!("{word}");
    Ok(stdout().flush()?)
}

/// With CA in the environment the nodes are asked for TLS and a certificate of it.
fn tls() -> Result<Option<SslContext>, Box<dyn Error>> {
    let Ok(ca) = std::env::var("CA") else { return Ok(None) };
    let mut builder = SslContextBuilder::new(SslMethod::tls())?;
    builder.set_ca_file(ca)?;
    builder.set_verify(SslVerifyMode::PEER);
    Ok(Some(builder.build()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let node = format!("{}:{}", args[1], args[2]);
    let session = SessionBuilder::new().known_node(node).tls_context(tls()?).build().await?;
    let write = session.prepare(format!("INSERT INTO {} (s, id) VALUES ('x', ?)", args[3])).await?;
    let lwt = session.prepare(format!("INSERT INTO {} (s, id) VALUES ('x', ?) IF NOT EXISTS", args[3])).await?;
    let read = session.prepare(format!("SELECT s FROM {} WHERE id = ?", args[3])).await?;
    say("ready")?;
    let mut line = String::new();
    while stdin().read_line(&mut line)? > 0 {
        let (verb, rows) = line.trim().split_once(' ').ok_or("a verb and a number are missing")?;
        let statement = match verb {
            "write" => &write,
            "lwt" => &lwt,
            _ => &read,
        };
        stream::iter(0..rows.parse::<i64>()?)
            .map(|id| session.execute_unpaged(statement, (id,)))
            .buffer_unordered(WINDOW)
            .try_for_each(|_| async { Ok(()) })
            .await?;
        say("done")?;
        line.clear();
    }
    Ok(())
}
