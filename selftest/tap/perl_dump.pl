# What Perl's TAP::Parser says of the same documents as tap_dump reads.
use strict;
use warnings;
use TAP::Parser;
use JSON::PP;
use Time::HiRes qw(setitimer ITIMER_VIRTUAL);

binmode STDIN;
binmode STDOUT;
$SIG{__WARN__} = sub { };
my $json = JSON::PP->new->latin1->canonical;
while (defined(my $length = <STDIN>)) {
  my $document;
  read(STDIN, $document, $length) == $length or die "the input ends too early";
  my (@points, @plan, $bail);
  my $parser = eval { TAP::Parser->new({ tap => $document, merge => 0 }) };
  my $died = !$parser;
  if ($parser) {
    eval {
      # Some documents make it loop for ever: of processor time each gets 0.2 s, a thousand times what others need.
      local $SIG{VTALRM} = sub { die "this takes too long" };
      setitimer(ITIMER_VIRTUAL, 0.2);
      while (my $result = $parser->next) {
        if ($result->is_test) {
          my $description = $result->description // '';
          $description =~ s/^-(?:\s+|$)//;
          push @points, { number => 0 + ($result->number // 0), ok => $result->ok eq 'ok' ? JSON::PP::true : JSON::PP::false,
            description => $description, directive => lc($result->directive // ''), reason => $result->explanation // '' };
        }
        push @plan, 0 + $result->tests_planned if $result->is_plan;
        $bail = $result->explanation // '' if $result->is_bailout && !defined $bail;
      }
      setitimer(ITIMER_VIRTUAL, 0);
      1;
    } or $died = $@;
    setitimer(ITIMER_VIRTUAL, 0);
  }
  my $ok = !$died && !$parser->has_problems && $parser->is_good_plan && !defined $bail;
  print $json->encode({ points => \@points, plan => @plan ? $plan[0] : undef, bail => $bail,
    died => $died ? JSON::PP::true : JSON::PP::false,
    ok => $ok ? JSON::PP::true : JSON::PP::false, errors => $died ? ["died: $died"] : [$parser->parse_errors] }), "\n";
}
