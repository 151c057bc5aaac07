# Mojolicious, as its user agent's manual does.
use Mojo::Base -strict;
use Mojo::UserAgent;

my $agent = Mojo::UserAgent->new(ca => $ENV{SSL_CERT_FILE})->connect_timeout(1)->inactivity_timeout(10);
$agent->proxy->detect;
$agent->websocket(
  $ARGV[0] => {Authorization => "Bearer $ENV{OPENAI_API_KEY}"} => sub {
    my ($agent, $tx) = @_;
    unless ($tx->is_websocket) {
      say 'WebSocket handshake failed! ' . ($tx->error ? ($tx->error->{code} // '') . ' ' . $tx->error->{message} : '');
      return Mojo::IOLoop->stop;
    }
    $tx->on(finish => sub { my ($tx, $code, $reason) = @_; say "WebSocket closed with status $code " . ($reason // '') . '.'; Mojo::IOLoop->stop });
  }
);
Mojo::IOLoop->start;
