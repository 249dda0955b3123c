/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * stress CYCLES PARALLEL SEED
 *
 * Makes and destroys CYCLES device pairs, PARALLEL of them at a time.  Each has a server and two
 * clients, one of which does not wait; the server or a client is killed at a random moment,
 * before, during or after registration.  Fails if any of it cannot be made, or does not
 * end.  What it leaves in the kernel is for the suite to see.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pair.h"

static pid_t
start_server (const struct pair *pair)
{
  pid_t pid = fork ();

  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      while (pair_answer_one (pair))
        continue;
      _exit (0);
    }
  if (pid < 0)
    give_up ("cannot fork\n");
  return pid;
}

/* Sends commands for as long as there is somebody to answer them.  */
static void
use_device (const struct pair *pair, int flags)
{
  static const uint8_t command[] = { 0x80, 1, 0, 0, 0, 10, 0x20, 0, 0, 1 };
  uint8_t response[MESSAGE_MAX];
  char node[32];
  int fd = -1;

  pair_node (pair, (flags & O_NONBLOCK) != 0 ? "tpmrm" : "tpm", node, sizeof (node));
  for (int i = 0; fd < 0 && i < 1000; i++)
    {
      fd = open (node, O_RDWR | O_CLOEXEC | flags);
      if (fd < 0)
        usleep (1000);
    }
  while (fd >= 0 && write (fd, command, sizeof (command)) > 0
         && read (fd, response, sizeof (response)) >= 0)
    continue;
}

static pid_t
start_client (const struct pair *pair, int flags)
{
  pid_t pid = fork ();

  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      close (pair->server_fd);
      use_device (pair, flags);
      _exit (0);
    }
  if (pid < 0)
    give_up ("cannot fork\n");
  return pid;
}

static void
end (pid_t pid)
{
  kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
}

/* The life of one pair.  The server's end ends the clients, too, unless they are killed.  */
static void
cycle (void)
{
  struct pair pair = pair_make (random () % 4 != 0);
  pid_t server = start_server (&pair);
  pid_t clients[2] = { start_client (&pair, 0), start_client (&pair, O_NONBLOCK) };

  pair_close (&pair);
  usleep ((useconds_t) (random () % 200000));
  if (random () % 2 == 0)
    end (clients[random () % 2]);
  end (server);
  end (clients[0]);
  end (clients[1]);
}

static void
start_cycle (unsigned int seed)
{
  pid_t pid = fork ();

  if (pid < 0)
    give_up ("cannot fork\n");
  if (pid > 0)
    return;
  srandom (seed);
  alarm (300);
  cycle ();
  _exit (0);
}

int
main (int argc, char **argv)
{
  unsigned int cycles = argc == 4 ? (unsigned int) atoi (argv[1]) : 0;
  unsigned int parallel = argc == 4 ? (unsigned int) atoi (argv[2]) : 0;
  unsigned int seed = argc == 4 ? (unsigned int) atoi (argv[3]) : 0;
  unsigned int started = 0, bad = 0;
  int status;

  if (cycles == 0 || parallel == 0)
    give_up ("usage: stress CYCLES PARALLEL SEED\n");
  for (; started < parallel && started < cycles; started++)
    start_cycle (seed + started);
  while (wait (&status) > 0)
    {
      bad += status != 0;
      if (started < cycles)
        start_cycle (seed + started++);
    }
  printf ("%u pairs, %u went wrong\n", cycles, bad);
  return bad == 0 ? 0 : 1;
}
