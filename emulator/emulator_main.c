/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */

/*
 * vtpm-emulator: the process that runs libtpms on bytes that the container
 * wrote.  It is built to be broken into.
 *
 * It runs as the supervisor's own user without a capability, from the moment
 * the supervisor starts it until the supervisor stops it, closes its channel or
 * dies.  It has two descriptors, the server side of the device pair and the
 * channel to the supervisor, and the journal's memory.  It may be killed at any
 * moment: the next one goes on from the journal.
 *
 * It may never open a file, a socket or a process, see a key that protects
 * state on disk, or outlive its supervisor.  Everything but reading, writing,
 * waiting, memory, time and randomness is gone before it reads the first byte
 * from the container.
 */

#include <signal.h>
#include <string.h>

#include "channel.h"
#include "emulator_options.h"
#include "fault_points.h"
#include "log.h"
#include "protocol.h"
#include "request_loop.h"
#include "sandbox.h"

/* A log line that cannot be sent is lost: there is nobody else to tell.  */
static void
log_to_supervisor (enum vtpm_log_level level, const char *line, void *context)
{
  char record[1 + VTPM_LOG_LINE_MAX];
  size_t length = strnlen (line, VTPM_LOG_LINE_MAX);

  (void) context;
  record[0] = (char) level;
  memcpy (record + 1, line, length);
  vtpm_channel_send (VTPM_FD_CHANNEL, VTPM_EMULATOR_LOG, record, 1 + length, NULL);
}

/* Whoever starts this program by hand has no channel, but a terminal.  */
static int
fail (const struct vtpm_error *error)
{
  const char *message = vtpm_error_message (error);

  if (vtpm_channel_send_text (VTPM_FD_CHANNEL, VTPM_EMULATOR_FAILED, message, NULL) < 0)
    fprintf (stderr, "vtpm-emulator: %s\n", message);
  return EXIT_FAILURE;
}

/* When the host shuts down, every process gets SIGTERM, in no certain order:
   only the supervisor says when the TPM is shut down.  */
static void
reset_signals (void)
{
  static const int ignored[] = { SIGPIPE, SIGTERM, SIGINT, SIGHUP };
  sigset_t none;

  for (size_t i = 0; i < sizeof (ignored) / sizeof (ignored[0]); i++)
    signal (ignored[i], SIG_IGN);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

static struct vtpm_request_loop_settings
get_settings (const struct vtpm_emulator_options *options, struct vtpm_journal *journal)
{
  return (struct vtpm_request_loop_settings) {
    .server_fd = VTPM_FD_SERVER,
    .channel_fd = VTPM_FD_CHANNEL,
    .version = options->tpm_version,
    .journal = journal,
    .persistent = options->persistent,
    .pcr_banks = options->pcr_banks,
    .eks = options->eks,
    .refuse = options->refuse,
  };
}

static int
close_door (struct vtpm_error **error)
{
  if (vtpm_sandbox_close_door (error) < 0)
    return -1;
  return vtpm_channel_send (VTPM_FD_CHANNEL, VTPM_EMULATOR_READY, NULL, 0, error);
}

static int
serve_failure (const struct vtpm_emulator_options *options, struct vtpm_error **error)
{
  const struct vtpm_request_loop_settings settings = get_settings (options, NULL);

  return close_door (error) < 0 ? -1 : vtpm_request_loop_fail (&settings, error);
}

static int
serve_tpm (const struct vtpm_emulator_options *options, struct vtpm_journal *journal,
           struct vtpm_error **error)
{
  const struct vtpm_request_loop_settings settings = get_settings (options, journal);
  _cleanup_request_loop_ struct vtpm_request_loop *loop = NULL;

  if (vtpm_request_loop_open (&settings, &loop, error) < 0 || close_door (error) < 0)
    return -1;
  return vtpm_request_loop_run (loop, error);
}

static int
run (const struct vtpm_emulator_options *options, pid_t parent, struct vtpm_error **error)
{
  _cleanup_journal_ struct vtpm_journal *journal = NULL;

  if (vtpm_channel_check (VTPM_FD_CHANNEL, "vtpm-supervisor", error) < 0)
    return -1;
  close_range (STDIN_FILENO, STDERR_FILENO, 0);
  reset_signals ();
  vtpm_log_set_level (options->log_level);
  vtpm_log_to_sink (log_to_supervisor, NULL);
  vtpm_fault_open ();
  if (vtpm_sandbox_limits (parent, error) < 0
      || vtpm_journal_map (VTPM_FD_JOURNAL, &journal, error) < 0)
    return -1;
  close (VTPM_FD_JOURNAL);
  return options->failure_mode ? serve_failure (options, error)
                               : serve_tpm (options, journal, error);
}

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpm_emulator_options options;
  pid_t parent = getppid ();

  close_range (VTPM_FD_JOURNAL + 1, ~0U, 0);
  if (vtpm_emulator_options_parse (argc, argv, &options, &error) < 0)
    return fail (error);
  switch (options.action)
    {
    case VTPM_PROGRAM_SHOW_HELP:
      vtpm_emulator_options_print_help (stdout);
      return EXIT_SUCCESS;
    case VTPM_PROGRAM_SHOW_VERSION:
      printf ("vtpm-emulator (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
      return EXIT_SUCCESS;
    case VTPM_PROGRAM_RUN:
    default:
      break;
    }
  return run (&options, parent, &error) < 0 ? fail (error) : EXIT_SUCCESS;
}
