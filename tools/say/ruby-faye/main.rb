# faye-websocket for Ruby, as in its README.
require 'faye/websocket'
require 'eventmachine'

EM.run do
  socket = Faye::WebSocket::Client.new(ARGV[0], [], headers: { 'Authorization' => "Bearer #{ENV['OPENAI_API_KEY']}" }, tls: { root_cert_file: ENV['SSL_CERT_FILE'] })
  socket.on(:error) { |event| p [:error, event.message] }
  socket.on(:close) do |event|
    p [:close, event.code, event.reason]
    EM.stop
  end
end
