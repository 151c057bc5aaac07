// fastwebsockets over hyper, as in its example; plain TCP only.
use std::future::Future;

use fastwebsockets::{handshake, FragmentCollector, OpCode};
use http_body_util::Empty;
use hyper::{body::Bytes, header, Request};
use tokio::net::TcpStream;

struct Spawn;

impl<F> hyper::rt::Executor<F> for Spawn
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn(future);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url: hyper::Uri = std::env::args().nth(1).unwrap().parse()?;
    let host = url.authority().unwrap().to_string();
    let stream = TcpStream::connect(&host).await?;
    let request = Request::get(url.path_and_query().unwrap().as_str())
        .header("Host", host)
        .header("Authorization", format!("Bearer {}", std::env::var("OPENAI_API_KEY")?))
        .header(header::UPGRADE, "websocket")
        .header(header::CONNECTION, "upgrade")
        .header("Sec-WebSocket-Key", handshake::generate_key())
        .header("Sec-WebSocket-Version", "13")
        .body(Empty::<Bytes>::new())?;
    let (socket, _) = handshake::client(&Spawn, request, stream).await?;
    let mut socket = FragmentCollector::new(socket);
    loop {
        let frame = socket.read_frame().await?;
        if frame.opcode == OpCode::Close {
            let text = String::from_utf8_lossy(&frame.payload[2.min(frame.payload.len())..]).to_string();
            println!("close {:?} {text}", u16::from_be_bytes([frame.payload[0], frame.payload[1]]));
            return Ok(());
        }
    }
}
