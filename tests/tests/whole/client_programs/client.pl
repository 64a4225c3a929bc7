# Perl's LWP. See mod.rs for what is read and printed.
use strict;
use warnings;
use HTTP::Request;
use JSON;
use LWP::UserAgent;

my ($folder, $url) = @ENV{qw(CREDIT_DIR CREDIT_URL)};
my $agent = LWP::UserAgent->new(timeout => 20, ssl_opts => {
    SSL_ca_file => "$folder/ca.pem",
    SSL_cert_file => "$folder/institutions/housing.pem",
    SSL_key_file => "$folder/institutions/housing.key",
});

sub pieces {
    my @pieces = unpack '(a20)*', shift;
    return sub { shift @pieces // '' };
}

sub send_it {
    my ($body, @headers) = @_;
    return $agent->request(HTTP::Request->new(POST => "$url/v1/queries", ['Content-Type' => 'application/json', @headers], $body));
}

my @rows = (
    ['content' => sub { send_it($_[0]) }],
    ['code with length' => sub { send_it(pieces($_[0]), 'Content-Length' => length $_[0]) }],
    ['code' => sub { send_it(pieces($_[0])) }],
);
for (@rows) {
    chomp(my $body = <STDIN>);
    push @$_, $_->[1]->($body);
}
for (@rows) {
    my ($name, undef, $answer) = @$_;
    my $said = eval { decode_json($answer->content) } // {};
    my $verdict = join ' ', $answer->code, 'h1.1', $said->{code} // '';
    for (1 .. 100) {
        last if $answer->code != 200 || $verdict =~ /receipt$/;
        my $receipt = $agent->get("$url/v1/receipts/$said->{query}");
        if ($receipt->code == 200 && $receipt->content =~ m{^c2sp\.org/tlog-proof\@v1\n}) { $verdict .= 'receipt' }
        else { select undef, undef, undef, 0.1 }
    }
    print "LWP $name\t$verdict\n";
}
