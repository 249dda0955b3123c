/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * What stands in for vtpm-emulator in the tests of its supervisor.  The name it
 * is run by, a symbolic link's, says how it behaves.  It has a behaviour for
 * each part of its life: as it starts, once something comes in on the server
 * side, and when it is told to stop.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "certificate_request.h"
#include "channel.h"
#include "journal.h"
#include "log.h"
#include "manufacture_spec.h"
#include "protocol.h"

/* More descriptors than it could inherit.  */
#define FD_LIMIT 1024

static const char *name;
static int argument_count;
static char **arguments;

static void
send (uint32_t type)
{
  vtpm_channel_send (VTPM_FD_CHANNEL, type, NULL, 0, NULL);
}

static void
be_ready (void)
{
  send (VTPM_EMULATOR_READY);
}

static void
fail (void)
{
  vtpm_channel_send_text (VTPM_FD_CHANNEL, VTPM_EMULATOR_FAILED, "no TPM today\n\x1b[31m\xff",
                          NULL);
  _exit (1);
}

static void
leave (void)
{
  _exit (3);
}

/* Not by a signal that leaves a core file, nor one that others may send.  */
static void
crash (void)
{
  raise (SIGUSR1);
}

static void
wait_for_ever (void)
{
  for (;;)
    pause ();
}

static void
lie (void)
{
  send (VTPM_CONTROL_STOP);
  wait_for_ever ();
}

static void
send_too_little (void)
{
  if (write (VTPM_FD_CHANNEL, "x", 1) == 1)
    wait_for_ever ();
}

static void
close_channel (void)
{
  close (VTPM_FD_CHANNEL);
  wait_for_ever ();
}

static void
lose_server (void)
{
  send (VTPM_EMULATOR_SERVER_GONE);
}

static void
stop (void)
{
  send (VTPM_EMULATOR_STOPPED);
  _exit (0);
}

static void
stop_and_stay (void)
{
  send (VTPM_EMULATOR_STOPPED);
  wait_for_ever ();
}

static void
send_log (unsigned int level, const char *text)
{
  char record[1 + VTPM_MESSAGE_PAYLOAD_MAX];
  size_t length = strlen (text);

  record[0] = (char) level;
  memcpy (record + 1, text, length);
  vtpm_channel_send (VTPM_FD_CHANNEL, VTPM_EMULATOR_LOG, record, 1 + length, NULL);
}

static void
flood_log (void)
{
  for (;;)
    send_log (VTPM_LOG_ERROR, "flood");
}

/* Everything that a log line should not be, and then a good one.  */
static void
send_bad_logs (void)
{
  char text[VTPM_MESSAGE_PAYLOAD_MAX];

  send (VTPM_EMULATOR_LOG);
  send_log (255, "of no level");
  send_log (VTPM_LOG_WARNING, "two\nlines \x1b[2J\x7f\x80%s%n");
  memset (text, 'x', sizeof (text) - 1);
  text[sizeof (text) - 1] = '\0';
  send_log (VTPM_LOG_INFO, text + 1);
  send_log (VTPM_LOG_ERROR, "");
  send_log (VTPM_LOG_INFO, "the last line");
}

/* The child keeps both descriptors for as long as it can.  */
static void
leave_a_child (void)
{
  char byte;

  if (fork () == 0)
    while (read (VTPM_FD_CHANNEL, &byte, 1) != 0)
      continue;
  _exit (3);
}

/* Says what it was started with, and does not wait for more.  */
static void
describe (void)
{
  char text[1024];
  size_t used = (size_t) snprintf (text, sizeof (text), "descriptors");

  for (int fd = 0; fd < FD_LIMIT; fd++)
    if (fcntl (fd, F_GETFD) >= 0)
      used += (size_t) snprintf (text + used, sizeof (text) - used, " %d", fd);
  used += (size_t) snprintf (text + used, sizeof (text) - used, ", arguments");
  used += (size_t) snprintf (text + used, sizeof (text) - used, " %s", name);
  for (int i = 1; i < argument_count; i++)
    used += (size_t) snprintf (text + used, sizeof (text) - used, " %s", arguments[i]);
  snprintf (text + used, sizeof (text) - used, ", environment %s",
            environ[0] == NULL ? "empty" : environ[0]);
  vtpm_channel_send_text (VTPM_FD_CHANNEL, VTPM_EMULATOR_FAILED, text, NULL);
  _exit (0);
}

static struct vtpm_journal *
get_journal (void)
{
  static struct vtpm_journal *journal;

  if (journal == NULL && vtpm_journal_map (VTPM_FD_JOURNAL, &journal, NULL) < 0)
    _exit (8);
  return journal;
}

static uint64_t
get_next_number (void)
{
  struct vtpm_journal_marks marks;

  vtpm_journal_get_marks (get_journal (), &marks);
  return marks.taken + 1;
}

/* What the emulator before it took is done: one that is ready and leaves that
   pending would be found hanging itself.  */
static void
go_on (void)
{
  vtpm_journal_mark_sent (get_journal (), get_next_number () - 1);
  be_ready ();
}

/* Takes a command that may take 50 ms, and never finishes it.  */
static void
hang (void)
{
  uint64_t number = get_next_number ();

  vtpm_journal_begin_read (get_journal (), number);
  if (!vtpm_journal_take (get_journal (), number, 10, 50))
    send (VTPM_EMULATOR_BUSY);
  wait_for_ever ();
}

/* The same, and busy.  */
static void
spin (void)
{
  uint64_t number = get_next_number ();

  vtpm_journal_begin_read (get_journal (), number);
  if (!vtpm_journal_take (get_journal (), number, 10, 50))
    send (VTPM_EMULATOR_BUSY);
  for (;;)
    continue;
}

static void
ask_for_commit (uint64_t version)
{
  static struct vtpm_message message;

  vtpm_channel_send (VTPM_FD_CHANNEL, VTPM_EMULATOR_COMMIT, &version, sizeof (version), NULL);
  if (vtpm_channel_receive (VTPM_FD_CHANNEL, &message, NULL) != VTPM_RECEIVE_MESSAGE)
    _exit (9);
  send_log (VTPM_LOG_INFO, message.type == VTPM_EMULATOR_COMMITTED       ? "committed"
                           : message.type == VTPM_EMULATOR_NOT_COMMITTED ? "not committed"
                                                                         : "puzzled");
}

/* Says which state it begins with, makes another, and has that committed.  */
static void
commit (void)
{
  uint64_t number = get_next_number ();
  size_t size;
  const uint8_t *seed = vtpm_journal_get_seed (get_journal (), &size);
  char text[64];
  struct vtpm_journal_record record = {
    .volatile_state = (const uint8_t *) "volatile",
    .volatile_size = 8,
    .permanent = (const uint8_t *) text,
  };

  snprintf (text, sizeof (text), "begins with \"%.*s\"", (int) size,
            seed != NULL ? (const char *) seed : "");
  send_log (VTPM_LOG_INFO, text);
  record.permanent_size
      = (size_t) snprintf (text, sizeof (text), "state %u", (unsigned int) number);
  vtpm_journal_take_own (get_journal (), number);
  if (vtpm_journal_publish (get_journal (), number, &record, NULL) < 0)
    _exit (10);
  ask_for_commit (record.permanent_version);
  vtpm_journal_mark_sent (get_journal (), number);
}

/* As a TPM that cannot be without what it asks for.  */
static void
commit_or_fail (void)
{
  commit ();
  fail ();
}

static void
commit_what_is_not_there (void)
{
  ask_for_commit (77);
}

static void
do_nothing (void)
{
}

static void
show_ek (unsigned int type, size_t size)
{
  uint8_t message[4096] = { (uint8_t) type, 0x30 };

  vtpm_channel_send (VTPM_FD_CHANNEL, VTPM_EMULATOR_EK, message, size, NULL);
}

static void
show_eks (void)
{
  show_ek (VTPM_KEY_RSA_2048, 1 + 900);
  show_ek (VTPM_KEY_ECC_P384, 1 + VTPM_CERTIFICATE_MAX);
  be_ready ();
}

static void
show_no_certificate (void)
{
  show_ek (VTPM_KEY_RSA_2048, 1);
  wait_for_ever ();
}

static void
show_large_certificate (void)
{
  show_ek (VTPM_KEY_RSA_2048, 2 + VTPM_CERTIFICATE_MAX);
  wait_for_ever ();
}

static void
show_unknown_key (void)
{
  show_ek (VTPM_KEY_TYPE_COUNT, 100);
  wait_for_ever ();
}

static void
show_late (void)
{
  show_ek (VTPM_KEY_RSA_2048, 100);
}

static const struct behaviour
{
  const char *name;
  void (*starting) (void);
  void (*serving) (void);
  void (*stopping) (void);
} behaviours[] = {
  { "ready", be_ready, do_nothing, stop },
  { "describes", describe, do_nothing, stop },
  { "fails", fail, do_nothing, stop },
  { "exits", leave, do_nothing, stop },
  { "crashes", crash, do_nothing, stop },
  { "silent", do_nothing, do_nothing, stop },
  { "lies", lie, do_nothing, stop },
  { "sends-too-little", send_too_little, do_nothing, stop },
  { "closes-channel", close_channel, do_nothing, stop },
  { "has-no-server", lose_server, do_nothing, stop },
  { "stops-at-once", stop, do_nothing, stop },
  { "fails-serving", be_ready, fail, stop },
  { "exits-serving", be_ready, leave, stop },
  { "crashes-serving", be_ready, crash, stop },
  { "lies-serving", be_ready, lie, stop },
  { "closes-channel-serving", be_ready, close_channel, stop },
  { "is-ready-twice", be_ready, be_ready, stop },
  { "loses-server", be_ready, lose_server, stop },
  { "stops-unasked", be_ready, stop, stop },
  { "stops-unasked-and-stays", be_ready, stop_and_stay, stop },
  { "logs", be_ready, send_bad_logs, stop },
  { "floods-log", be_ready, flood_log, stop },
  { "leaves-a-child", be_ready, leave_a_child, stop },
  { "ignores-stop", be_ready, do_nothing, wait_for_ever },
  { "crashes-stopping", be_ready, do_nothing, crash },
  { "exits-stopping", be_ready, do_nothing, leave },
  { "fails-stopping", be_ready, do_nothing, fail },
  { "lies-stopping", be_ready, do_nothing, lie },
  { "stays-stopped", be_ready, do_nothing, stop_and_stay },
  { "hangs-serving", go_on, hang, stop },
  { "spins-serving", go_on, spin, stop },
  { "shows-eks", show_eks, do_nothing, stop },
  { "shows-no-certificate", show_no_certificate, do_nothing, stop },
  { "shows-large-certificate", show_large_certificate, do_nothing, stop },
  { "shows-unknown-key", show_unknown_key, do_nothing, stop },
  { "shows-late", be_ready, show_late, stop },
  { "commits", be_ready, commit, stop },
  { "commits-starting", commit_or_fail, do_nothing, stop },
  { "commits-what-is-not-there", be_ready, commit_what_is_not_there, stop },
};

static void
live (const struct behaviour *behaviour)
{
  static struct vtpm_message message;
  char command[4096];

  behaviour->starting ();
  for (;;)
    {
      struct pollfd waits[] = {
        { .fd = VTPM_FD_SERVER, .events = POLLIN },
        { .fd = VTPM_FD_CHANNEL, .events = POLLIN },
      };

      if (poll (waits, 2, -1) < 0)
        _exit (4);
      /* A command that came before the stop is served before it.  */
      if (waits[0].revents != 0)
        {
          if (read (VTPM_FD_SERVER, command, sizeof (command)) <= 0)
            _exit (5);
          behaviour->serving ();
        }
      else
        {
          if (vtpm_channel_receive (VTPM_FD_CHANNEL, &message, NULL) != VTPM_RECEIVE_MESSAGE
              || message.type != VTPM_EMULATOR_STOP)
            _exit (6);
          behaviour->stopping ();
        }
    }
}

int
main (int argc, char **argv)
{
  name = strrchr (argv[0], '/') + 1;
  argument_count = argc;
  arguments = argv;
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  for (size_t i = 0; i < sizeof (behaviours) / sizeof (behaviours[0]); i++)
    if (strcmp (behaviours[i].name, name) == 0)
      live (&behaviours[i]);
  return 7;
}
