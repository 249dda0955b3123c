/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/* The server's file: read, write, poll.  What the core says first is the command to read.  */
#include "checks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "pair.h"

static uint8_t buffer[2 * MESSAGE_MAX];

/* Hidden from the compiler, which knows that nothing is there.  */
static void *volatile const nowhere = (void *) 8;

static void
wait_readable (const struct pair *pair)
{
  struct pollfd server = { .fd = pair->server_fd, .events = POLLIN };

  if (poll (&server, 1, 10000) != 1)
    give_up ("no command for the server");
}

static void
see_read (const struct pair *pair, void *target, size_t size)
{
  ssize_t length = read (pair->server_fd, target, size);

  if (length < 0)
    see ("%s", name_of (errno));
  else
    see ("%zd", length);
}

static void
first_command (bool tpm2)
{
  struct pair pair = pair_make (tpm2);
  size_t length = pair_take (&pair, buffer);
  char hex[32] = "";

  for (size_t i = 0; i < length && i < 15; i++)
    sprintf (hex + 2 * i, "%02x", buffer[i]);
  see ("%s", hex);
}

static void
first_of_tpm2 (void)
{
  first_command (true);
}

static void
first_of_tpm1 (void)
{
  first_command (false);
}

static void
short_read (void)
{
  struct pair pair = pair_make (true);

  wait_readable (&pair);
  see_read (&pair, buffer, 10);
  see_read (&pair, buffer, 0);
  see_read (&pair, buffer, 11);
}

static void
faulting_read (void)
{
  struct pair pair = pair_make (true);

  wait_readable (&pair);
  see_read (&pair, nowhere, MESSAGE_MAX);
  see ("%s", strstr (pair_poll (&pair), "IN") != NULL ? "still there" : "lost");
}

static void
faulting_write (void)
{
  struct pair pair = pair_make (true);

  pair_take (&pair, buffer);
  see ("%s", name_of (write (pair.server_fd, nowhere, 10) < 0 ? errno : 0));
  see ("%s", name_of (pair_reply (&pair, 0, 10)));
}

static void
write_before_read (void)
{
  struct pair pair = pair_make (true);

  wait_readable (&pair);
  see ("%s", name_of (pair_reply (&pair, 0, 10)));
  see_read (&pair, buffer, MESSAGE_MAX);
  see ("%s", name_of (pair_reply (&pair, 0, 10)));
}

static void
write_twice (void)
{
  struct pair pair = pair_make (true);

  pair_take (&pair, buffer);
  see ("%s", name_of (pair_reply (&pair, 0, 10)));
  see ("%s", name_of (pair_reply (&pair, 0, 10)));
}

static void
write_too_much (void)
{
  struct pair pair = pair_make (true);

  pair_take (&pair, buffer);
  see ("%s", name_of (pair_reply (&pair, 0, MESSAGE_MAX + 1)));
  see ("%s", name_of (pair_reply (&pair, 0, 10)));
}

static void
poll_masks (void)
{
  struct pair pair = pair_make (true);

  wait_readable (&pair);
  see ("queued %s", pair_poll (&pair));
  pair_take (&pair, buffer);
  see ("taken %s", pair_poll (&pair));
  pair_reply (&pair, 0, 10);
  pair_register (&pair);
  see ("idle %s", pair_poll (&pair));
}

static void
poll_after_the_end (void)
{
  struct pair pair = pair_make (true);
  struct pollfd server = { .fd = pair.server_fd };

  pair_take (&pair, buffer);
  pair_reply (&pair, 0x101, 10); /* locality refused */
  poll (&server, 1, 10000);
  see ("%s", pair_poll (&pair));
  see_read (&pair, buffer, MESSAGE_MAX);
  see ("%s", name_of (pair_reply (&pair, 0, 10)));
}

static void
startup_fails (void)
{
  struct pair pair = pair_make (true);
  struct pollfd server = { .fd = pair.server_fd };

  pair_take (&pair, buffer);
  pair_reply (&pair, 0, 10);
  for (int i = 0; i < 4 && poll (&server, 1, 0) == 0; i++)
    {
      wait_readable (&pair);
      if (strstr (pair_poll (&pair), "HUP") != NULL)
        break;
      pair_take (&pair, buffer);
      pair_reply (&pair, 0x12f, 10); /* TPM_RC_AUTH_UNAVAILABLE: no startup helps */
    }
  see ("%s", strstr (pair_poll (&pair), "HUP") != NULL ? "HUP" : "goes on");
  see_read (&pair, buffer, MESSAGE_MAX);
}

static void
nonblocking (void)
{
  struct pair pair = pair_make_registered (true);
  ssize_t length = read_nonblocking (pair.server_fd, buffer, MESSAGE_MAX);

  see ("%s", length == -ETIMEDOUT ? "blocks" : name_of ((int) -length));
}

static void
nothing (int signal)
{
  (void) signal;
}

static void
interrupted_read (void)
{
  struct pair pair = pair_make_registered (true);
  const struct sigaction action = { .sa_handler = nothing, .sa_flags = SA_RESTART };
  const struct itimerval soon = { .it_value.tv_usec = 200000 };

  sigaction (SIGALRM, &action, NULL);
  setitimer (ITIMER_REAL, &soon, NULL);
  see_read (&pair, buffer, MESSAGE_MAX);
}

static void *
read_in_thread (void *argument)
{
  const struct pair *pair = argument;
  static uint8_t message[MESSAGE_MAX];

  return read (pair->server_fd, message, sizeof (message)) > 0 ? argument : NULL;
}

/* One thread waits for the next command while another answers this one.  */
static void
two_threads (void)
{
  struct pair pair = pair_make (true);
  pthread_t reader;
  void *result;

  pair_take (&pair, buffer);
  pthread_create (&reader, NULL, read_in_thread, &pair);
  usleep (100000);
  see ("%s", name_of (pair_reply (&pair, 0, 10)));
  pthread_join (reader, &result);
  see ("%s", result != NULL ? "next" : "none");
}

/* A page that is not there until somebody provides it.  */
static void *
missing_page (int *fault_fd)
{
  struct uffdio_api api = { .api = UFFD_API };
  void *page = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct uffdio_register range = {
    .range = { .start = (uintptr_t) page, .len = 4096 },
    .mode = UFFDIO_REGISTER_MODE_MISSING,
  };

  *fault_fd = (int) syscall (SYS_userfaultfd, O_CLOEXEC);
  if (*fault_fd < 0 || ioctl (*fault_fd, UFFDIO_API, &api) < 0
      || ioctl (*fault_fd, UFFDIO_REGISTER, &range) < 0)
    give_up ("userfaultfd: %s", strerror (errno));
  return page;
}

static void
provide_page (int fault_fd, void *page)
{
  struct uffdio_zeropage zeros = { .range = { .start = (uintptr_t) page, .len = 4096 } };

  if (ioctl (fault_fd, UFFDIO_ZEROPAGE, &zeros) < 0)
    give_up ("userfaultfd: %s", strerror (errno));
}

struct stalled_write
{
  const struct pair *pair;
  void *page;
};

static void *
write_in_thread (void *argument)
{
  const struct stalled_write *stalled = argument;

  return write (stalled->pair->server_fd, stalled->page, 10) < 0 ? NULL : argument;
}

/* The server stands still in the middle of its write.  */
static void
stalled_server (void)
{
  struct pair pair = pair_make_registered (true);
  struct client client;
  struct stalled_write stalled = { .pair = &pair };
  struct uffd_msg fault;
  pthread_t writer;
  int fault_fd;

  stalled.page = missing_page (&fault_fd);
  client = client_start (&pair, "tpm", SHORT_COMMAND);
  pair_take (&pair, buffer);
  pthread_create (&writer, NULL, write_in_thread, &stalled);
  if (read (fault_fd, &fault, sizeof (fault)) < 0)
    give_up ("no fault");
  see ("the client: %s", name_of (client_end (&client, 5000)));
  provide_page (fault_fd, stalled.page);
  pthread_join (writer, NULL);
}

static const struct check checks[] = {
  { "the first command of TPM 2.0", first_of_tpm2, "80020000000b2000100000", NULL, NULL },
  { "the first command of TPM 1.2", first_of_tpm1, "00c10000000b2000100000", NULL, NULL },
  { "a read that is too short leaves the command", short_read, "EIO, EIO, 11", NULL, NULL },
  { "a read that faults", faulting_read, "EFAULT, lost", "EFAULT, still there",
    "the client would wait in vain" },
  { "a write that faults", faulting_write, "EFAULT, EIO", "EFAULT, OK",
    "the client would wait in vain" },
  { "a response before the command was read", write_before_read, "EIO, 11, OK", NULL, NULL },
  { "a second response", write_twice, "OK, EIO", NULL, NULL },
  { "a response that is too long", write_too_much, "EIO, OK", NULL, NULL },
  { "poll", poll_masks, "queued IN|OUT, taken OUT, idle OUT", "queued IN, taken OUT, idle -",
    "OUT means that a response would be accepted" },
  { "poll, read and write after the end", poll_after_the_end, "OUT|HUP, EPIPE, EPIPE",
    "HUP, EPIPE, EPIPE", "OUT means that a response would be accepted" },
  { "the TPM cannot be started", startup_fails, "HUP, EPIPE", NULL, NULL },
  { "O_NONBLOCK and no command", nonblocking, "blocks", "EAGAIN", "O_NONBLOCK is honoured" },
  { "a signal, with SA_RESTART, while it reads", interrupted_read, "EINTR", NULL, NULL },
  { "one thread reads, another writes", two_threads, "OK, next", NULL, NULL },
  { "the server stands still in a page fault", stalled_server, "the client: ETIMEDOUT",
    "the client: ETIME", "no lock is held while the server's memory is touched" },
};

const struct check_list server_checks = CHECK_LIST (checks);
