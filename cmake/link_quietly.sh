#!/bin/sh
# link_quietly.sh command...: runs a link without one warning of glibc's, which every static program
# gets that looks up names: "Using 'getaddrinfo' in statically linked applications requires at
# runtime the shared libraries from the glibc version used for linking". All else is printed.
output=$("$@" 2>&1)
status=$?
[ -z "$output" ] || printf '%s\n' "$output" | sed \
  -e '/: in function /{N;/\n.*in statically linked applications requires/d;}' \
  -e '/in statically linked applications requires/d' >&2
exit $status
