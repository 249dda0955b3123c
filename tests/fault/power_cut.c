/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * power-cut IMAGE LOG SEED
 *
 * Makes of a disk and the log of what a machine wrote to it the disk after a power
 * cut (write_log.h).
 */
#include <fcntl.h>
#include <inttypes.h>

#include "write_log.h"

static int
run (char **arguments, struct write_log_cut *cut, struct vtpm_error **error)
{
  _cleanup_close_ int image = open (arguments[0], O_RDWR | O_CLOEXEC);
  _cleanup_close_ int log = open (arguments[1], O_RDONLY | O_CLOEXEC);
  struct dice dice = { strtoull (arguments[2], NULL, 10) };

  if (image < 0 || log < 0)
    return vtpm_error_set (error, errno, "cannot open %s and %s", arguments[0], arguments[1]);
  return write_log_cut_power (image, log, &dice, cut, error);
}

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct write_log_cut cut;

  if (argc != 4)
    {
      fputs ("usage: power-cut IMAGE LOG SEED\n", stderr);
      return 2;
    }
  if (run (argv + 1, &cut, &error) < 0)
    {
      fprintf (stderr, "power-cut: %s\n", vtpm_error_message (error));
      return 1;
    }
  printf ("%" PRIu64 " sectors were flushed; of %" PRIu64 " that were not, %" PRIu64 " are lost\n",
          cut.flushed, cut.survived + cut.lost, cut.lost);
  return 0;
}
