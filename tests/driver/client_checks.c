/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/* What a client gets: responses, limits, death.  */
#include "checks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pair.h"

static uint8_t buffer[MESSAGE_MAX];

static void
see_client (struct client *client, int milliseconds)
{
  int errnum = client_end (client, milliseconds);

  see ("%s", errnum == ECHILD ? "killed" : errnum == ETIMEDOUT ? "waits" : name_of (errnum));
}

static int
open_node (const struct pair *pair, const char *class, int flags)
{
  char path[32];

  pair_node (pair, class, path, sizeof (path));
  return open (path, O_RDWR | O_CLOEXEC | flags);
}

static void
a_response (void)
{
  struct pair pair = pair_make_registered (true);
  struct client client = client_start (&pair, "tpm", LONG_COMMAND);

  pair_take (&pair, buffer);
  see ("%08x", message_code (buffer));
  pair_reply (&pair, 0, 100);
  see_client (&client, 5000);
}

static void
reply_with (const void *response, size_t length)
{
  struct pair pair = pair_make_registered (true);
  struct client client = client_start (&pair, "tpm", SHORT_COMMAND);

  pair_take (&pair, buffer);
  see ("%s", name_of (write (pair.server_fd, response, length) < 0 ? errno : 0));
  see_client (&client, 5000);
}

static void
a_short_response (void)
{
  reply_with ("\x80\x01\0\0\0\x0a", 6);
}

static void
a_wrong_length (void)
{
  reply_with ("\x80\x01\0\0\0\x0b\0\0\0\0", 10);
}

static void
an_empty_response (void)
{
  reply_with ("", 0);
}

/* Through tpmrm the core itself says that there is no such command.  */
static void
set_locality (void)
{
  struct pair pair = pair_make_registered (true);
  struct client client = client_start (&pair, "tpm", 0x20001000);

  see_client (&client, 5000);
  client = client_start (&pair, "tpmrm", 0x20001000);
  see_client (&client, 5000);
  see ("server %s", strstr (pair_poll (&pair), "IN") != NULL ? "asked" : "not asked");
}

static void
locality_is_set_once (void)
{
  struct pair pair = pair_make_registered (true);
  unsigned int commands = 0, localities = 0;

  for (int i = 0; i < 5; i++)
    {
      struct client client = client_start (&pair, "tpm", LONG_COMMAND);

      do
        {
          pair_take (&pair, buffer);
          localities += message_code (buffer) == 0x20001000;
          pair_reply (&pair, 0, 10);
          commands++;
        }
      while (message_code (buffer) != LONG_COMMAND);
      if (client_end (&client, 5000) != 0)
        give_up ("no response");
    }
  see ("5 commands: %u transmissions, %u of them localities", commands, localities);
}

static void
exclusive (void)
{
  struct pair pair = pair_make_registered (true);
  int first = open_node (&pair, "tpm", 0);

  see ("%s", name_of (first < 0 ? errno : 0));
  see ("%s", name_of (open_node (&pair, "tpm", 0) < 0 ? errno : 0));
  see ("%s", name_of (open_node (&pair, "tpmrm", 0) < 0 ? errno : 0));
  see ("%s", name_of (open_node (&pair, "tpmrm", 0) < 0 ? errno : 0));
}

static void
nonblocking_client (void)
{
  static const uint8_t command[] = { 0x80, 1, 0, 0, 0, 10, 0x20, 0, 0, 1 };
  struct pair pair = pair_make_registered (true);
  struct pollfd client = { .fd = open_node (&pair, "tpm", O_NONBLOCK), .events = POLLIN };

  see ("%zd", write (client.fd, command, sizeof (command)));
  pair_take (&pair, buffer);
  pair_reply (&pair, 0, 20);
  see ("poll %d", poll (&client, 1, 5000));
  see ("%zd", read (client.fd, buffer, sizeof (buffer)));
}

/* The command has been read, and is answered too late.  */
static void
late_response (void)
{
  struct pair pair = pair_make_registered (true);
  struct client client = client_start (&pair, "tpm", SHORT_COMMAND);

  pair_take (&pair, buffer);
  see_client (&client, 10000);
  see ("%s", name_of (pair_reply (&pair, 0, 10)));
  see ("again %s", name_of (pair_reply (&pair, 0, 10)));
}

static void
late_response_before_the_next (void)
{
  struct pair pair = pair_make_registered (true);
  struct client client = client_start (&pair, "tpm", SHORT_COMMAND);

  pair_take (&pair, buffer);
  see_client (&client, 10000);
  client = client_start (&pair, "tpm", LONG_COMMAND);
  while (strstr (pair_poll (&pair), "IN") == NULL)
    usleep (1000);
  see ("%s", name_of (pair_reply (&pair, 0, 10)));
  see ("next %08x", (pair_take (&pair, buffer), message_code (buffer)));
  pair_reply (&pair, 0, 10);
  see_client (&client, 5000);
}

/* A server that polls and then reads must not be held up.  */
static void
unread_command (void)
{
  struct pair pair = pair_make_registered (true);
  struct client client = client_start (&pair, "tpm", SHORT_COMMAND);
  ssize_t length;

  see_client (&client, 10000);
  length = read_nonblocking (pair.server_fd, buffer, sizeof (buffer));
  see ("%s", length > 0 ? "readable" : name_of ((int) -length));
  see ("%s", name_of (pair_reply (&pair, 0, 10)));
}

static void
killed_while_the_server_works (void)
{
  struct pair pair = pair_make_registered (true);
  struct client client = client_start (&pair, "tpm", LONG_COMMAND);

  pair_take (&pair, buffer);
  kill (client.pid, SIGKILL);
  see_client (&client, 500);
  see ("%s", name_of (pair_reply (&pair, 0, 10)));
  see_client (&client, 5000);
}

/* In seconds, as far as it can be told on a slow machine.  */
static void
killed_while_the_server_hangs (void)
{
  struct pair pair = pair_make_registered (true);
  struct client client = client_start (&pair, "tpm", LONG_COMMAND);
  struct timespec start, end;

  pair_take (&pair, buffer);
  kill (client.pid, SIGKILL);
  clock_gettime (CLOCK_MONOTONIC, &start);
  see_client (&client, 16000);
  clock_gettime (CLOCK_MONOTONIC, &end);
  see ("%s", end.tv_sec - start.tv_sec >= 15  ? "15 s"
             : end.tv_sec - start.tv_sec >= 9 ? "about 10 s"
                                              : "at once");
}

static void
killed_when_it_is_known_to_hang (void)
{
  struct pair pair = pair_make_registered (true);
  struct client client = client_start (&pair, "tpm", SHORT_COMMAND);

  pair_take (&pair, buffer);
  see_client (&client, 10000);
  client = client_start (&pair, "tpm", LONG_COMMAND);
  while (strstr (pair_poll (&pair), "IN") == NULL)
    usleep (1000);
  kill (client.pid, SIGKILL);
  see_client (&client, 5000);
  see ("%s", strstr (pair_poll (&pair), "IN") != NULL ? "readable" : "withdrawn");
}

static void
hardware_entropy (void)
{
  struct pair pair = pair_make_registered (true);
  char offered[256] = "";
  FILE *file = fopen ("/sys/class/misc/hw_random/rng_available", "re");

  (void) pair;
  if (file == NULL || (fgets (offered, sizeof (offered), file) == NULL && ferror (file)))
    give_up ("no hw_random");
  see ("%s", strstr (offered, "tpm-rng") != NULL ? "offered" : "not offered");
}

static const struct check checks[] = {
  { "a response", a_response, "20000001, OK", NULL, NULL },
  { "a response without a whole header", a_short_response, "OK, EFAULT", NULL, NULL },
  { "a response that is not as long as it says", a_wrong_length, "OK, EFAULT", NULL, NULL },
  { "an empty response", an_empty_response, "OK, ETIME", "OK, EFAULT",
    "it is a response like other bad ones" },
  { "the driver's own command from a client", set_locality, "EFAULT, OK, server not asked", NULL,
    NULL },
  { "the locality", locality_is_set_once,
    "5 commands: 5 transmissions, 0 of them localities", NULL, NULL },
  { "tpm0 is exclusive, tpmrm0 is not", exclusive, "OK, EBUSY, OK, OK", NULL, NULL },
  { "a client with O_NONBLOCK", nonblocking_client, "10, poll 1, 20", NULL, NULL },
  { "a late response", late_response, "ETIME, OK, again EIO", NULL, NULL },
  { "a late response, after the next command", late_response_before_the_next,
    "ETIME, EIO, next 20000001, OK", NULL, NULL },
  { "a command that was not read in time", unread_command, "ETIME, readable, OK", NULL, NULL },
  { "a client is killed, the server answers", killed_while_the_server_works, "waits, OK, killed",
    NULL, NULL },
  { "a client is killed, the server hangs", killed_while_the_server_hangs, "waits, 15 s",
    "killed, about 10 s", "a client can be killed" },
  { "a client is killed, the server is known to hang", killed_when_it_is_known_to_hang,
    "ETIME, waits, readable", "ETIME, killed, readable", "a client can be killed" },
  { "the host's hardware random numbers", hardware_entropy, "offered", "not offered",
    "the host must not take them from a container's TPM" },
};

const struct check_list client_checks = CHECK_LIST (checks);
