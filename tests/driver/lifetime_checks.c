/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/* The end of the server, of a client, of the module.  */
#include "checks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pair.h"
#include "uevent.h"

#define GET_CAPABILITY 0x17a

static uint8_t buffer[MESSAGE_MAX];

static const uint8_t command[] = { 0x80, 1, 0, 0, 0, 10, 0x20, 0, 0, 1 };

static int
open_node (const struct pair *pair)
{
  char path[32];

  pair_node (pair, "tpm", path, sizeof (path));
  return open (path, O_RDWR | O_CLOEXEC);
}

static void
see_gone (const struct pair *pair)
{
  char path[64];

  snprintf (path, sizeof (path), "/sys/class/tpm/tpm%u", pair->number);
  see ("%s", access (path, F_OK) < 0 ? "gone" : "there");
}

static void
idle (void)
{
  struct pair pair = pair_make_registered (true);
  int fd = open_node (&pair);

  pair_close (&pair);
  see_gone (&pair);
  see ("open %s", name_of (open_node (&pair) < 0 ? errno : 0));
  see ("write %s", name_of (write (fd, command, sizeof (command)) < 0 ? errno : 0));
  see ("close %s", name_of (close (fd) < 0 ? errno : 0));
}

static void
in_flight (bool taken)
{
  struct pair pair = pair_make_registered (true);
  struct client client = client_start (&pair, "tpm", LONG_COMMAND);
  struct pollfd server = { .fd = pair.server_fd, .events = POLLIN };

  poll (&server, 1, 10000);
  if (taken)
    pair_take (&pair, buffer);
  pair_close (&pair);
  see_gone (&pair);
  see ("%s", name_of (client_end (&client, 5000)));
}

static void
with_a_command_queued (void)
{
  in_flight (false);
}

static void
with_a_command_taken (void)
{
  in_flight (true);
}

static void
with_a_response_written (void)
{
  struct pair pair = pair_make_registered (true);
  struct client client = client_start (&pair, "tpm", LONG_COMMAND);

  pair_take (&pair, buffer);
  pair_reply (&pair, 0, 10);
  pair_close (&pair);
  see ("%s", client_end (&client, 5000) == 0 ? "delivered" : "lost");
}

static void
before_registration (void)
{
  struct pair pair = pair_make (true);

  pair_close (&pair);
  see_gone (&pair);
}

/* After each of the first commands in turn.  */
static void
during_registration (void)
{
  for (int commands = 1; commands <= 5; commands++)
    {
      struct pair pair = pair_make (true);

      for (int i = 1; i < commands; i++)
        pair_answer_one (&pair);
      pair_take (&pair, buffer);
      pair_close (&pair);
      see_gone (&pair);
    }
}

static void
server_is_killed (void)
{
  struct pair pair = pair_make_registered (true);
  struct client client;
  pid_t server = fork ();

  if (server == 0)
    {
      pair_take (&pair, buffer);
      raise (SIGKILL);
    }
  client = client_start (&pair, "tpm", LONG_COMMAND);
  pair_close (&pair);
  see ("%s", name_of (client_end (&client, 5000)));
  waitpid (server, NULL, 0);
  see_gone (&pair);
}

/* It is the last reference that counts.  */
static void
shared_server (void)
{
  struct pair pair = pair_make_registered (true);
  struct client client;
  int ends[2];
  pid_t other;
  char byte;

  if (pipe (ends) < 0)
    give_up ("pipe");
  other = fork ();
  if (other == 0)
    {
      close (ends[1]);
      pair_take (&pair, buffer);
      pair_reply (&pair, 0, 10);
      if (read (ends[0], &byte, 1) < 0)
        _exit (1);
      _exit (0);
    }
  close (ends[0]);
  pair_close (&pair);
  see_gone (&pair);
  fcntl (ends[1], F_SETFD, FD_CLOEXEC);
  client = client_start (&pair, "tpm", LONG_COMMAND);
  see ("%s", name_of (client_end (&client, 5000)));
  close (ends[1]);
  waitpid (other, NULL, 0);
  see_gone (&pair);
}

/* Both on one processor, which is where the kernel's own would register them.  */
static void
silent_neighbour (void)
{
  struct pair silent, pair;
  cpu_set_t one;

  CPU_ZERO (&one);
  CPU_SET (0, &one);
  sched_setaffinity (0, sizeof (one), &one);
  silent = pair_make (true);
  pair_take (&silent, buffer);
  pair = pair_make (true);
  see ("%s", poll (&(struct pollfd){ .fd = pair.server_fd, .events = POLLIN }, 1, 2000) == 1
                 ? "registers"
                 : "waits");
  /* In this order: the kernel's own waits for the former while it closes the latter.  */
  pair_close (&silent);
  pair_close (&pair);
}

static bool
has (const struct pair *pair, const char *class, const char *attribute)
{
  char path[96];

  snprintf (path, sizeof (path), "/sys/class/%s/%s%u/%s", class, class, pair->number, attribute);
  return access (path, F_OK) == 0;
}

/* How a user of the pair can tell: the hook relies on it.  */
static void
late_answer (void)
{
  struct pair pair = pair_make (true);
  int uevents;

  if (vtpm_uevent_open (&uevents, NULL) < 0)
    give_up ("no uevents");
  do
    pair_take (&pair, buffer);
  while (message_code (buffer) != GET_CAPABILITY && pair_reply (&pair, 0, 10) == 0);
  while (!has (&pair, "tpm", "dev"))
    if (poll (&(struct pollfd){ .fd = uevents, .events = POLLIN }, 1, 10000) <= 0
        || vtpm_uevent_drain (uevents, NULL) < 0)
      give_up ("tpm%u is not registered", pair.number);
  see ("tpm, %s tpmrm, %s attributes", has (&pair, "tpmrm", "dev") ? "a" : "no",
       has (&pair, "tpm", "tpm_version_major") ? "its" : "no");
  close (uevents);
  pair_close (&pair);
}

static int
unload (void)
{
  return syscall (SYS_delete_module, "tpm_vtpm_proxy", O_NONBLOCK) < 0 ? errno : 0;
}

static void
unload_and_load (void)
{
  struct pair pair = pair_make_registered (true);
  int fd = open_node (&pair);

  see ("with a server %s", name_of (unload ()));
  pair_close (&pair);
  see ("with a dead client %s", name_of (unload ()));
  see ("write %s", name_of (write (fd, command, sizeof (command)) < 0 ? errno : 0));
  close (fd);
  if (system ("modprobe tpm_vtpm_proxy") != 0)
    give_up ("modprobe");
  see ("again %s", (pair_make_registered (true), "OK"));
}

static const struct check checks[] = {
  { "the server ends, nothing to do", idle, "gone, open ENOENT, write EPIPE, close OK", NULL,
    NULL },
  { "the server ends, a command unread", with_a_command_queued, "gone, ECANCELED", NULL, NULL },
  { "the server ends, a command unanswered", with_a_command_taken, "gone, ECANCELED", NULL, NULL },
  { "the server ends, the response just written", with_a_response_written, "lost", "delivered",
    "its write has said that it was" },
  { "the server ends before registration", before_registration, "gone", NULL, NULL },
  { "the server ends during registration", during_registration, "gone, gone, gone, gone, gone",
    NULL, NULL },
  { "the server is killed", server_is_killed, "ECANCELED, gone", NULL, NULL },
  { "two processes have the server's side", shared_server, "there, OK, gone", NULL, NULL },
  { "another pair's server is silent", silent_neighbour, "waits", "registers",
    "registrations do not queue up" },
  { "the first answer comes too late", late_answer, "tpm, no tpmrm, no attributes", NULL, NULL },
  { "the module is unloaded", unload_and_load,
    "with a server EAGAIN, with a dead client OK, write EPIPE, again OK", NULL, NULL },
};

const struct check_list lifetime_checks = CHECK_LIST (checks);
