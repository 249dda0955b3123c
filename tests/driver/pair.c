/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "pair.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vtpm_proxy.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "uevent.h"

#define PATIENCE_MS 10000
#define GET_RANDOM 0x17b

void
give_up (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  vprintf (format, arguments);
  va_end (arguments);
  fflush (stdout);
  _exit (1);
}

const char *
name_of (int errnum)
{
  return errnum == 0 ? "OK" : strerrorname_np (errnum);
}

static void
put32 (uint8_t *bytes, uint32_t value)
{
  for (int i = 0; i < 4; i++)
    bytes[i] = (uint8_t) (value >> (24 - 8 * i));
}

static uint32_t
get32 (const uint8_t *bytes)
{
  return (uint32_t) bytes[0] << 24 | (uint32_t) bytes[1] << 16 | (uint32_t) bytes[2] << 8 | bytes[3];
}

uint32_t
message_code (const uint8_t *message)
{
  return get32 (message + 6);
}

struct pair
pair_make (bool tpm2)
{
  struct vtpm_proxy_new_dev request = { .flags = tpm2 ? VTPM_PROXY_FLAG_TPM2 : 0 };
  int fd = open ("/dev/vtpmx", O_RDWR | O_CLOEXEC);

  if (fd < 0 || ioctl (fd, VTPM_PROXY_IOC_NEW_DEV, &request) < 0)
    give_up ("no device pair: %s", strerror (errno));
  close (fd);
  return (struct pair){
    .server_fd = (int) request.fd,
    .number = request.tpm_num,
    .major = request.major,
    .minor = request.minor,
    .tpm2 = tpm2,
  };
}

void
pair_close (struct pair *pair)
{
  close (pair->server_fd);
  pair->server_fd = -1;
}

bool
pair_is_registered (const struct pair *pair)
{
  char path[64];
  const char *class = pair->tpm2 ? "tpmrm" : "tpm";

  snprintf (path, sizeof (path), "/sys/class/%s/%s%u/dev", class, class, pair->number);
  return access (path, F_OK) == 0;
}

void
pair_node (const struct pair *pair, const char *class, char *path, size_t size)
{
  snprintf (path, size, "/dev/%s%u", class, pair->number);
}

static int
send_response (const struct pair *pair, uint8_t *response, uint32_t code, size_t length)
{
  response[0] = pair->tpm2 ? 0x80 : 0x00;
  response[1] = pair->tpm2 ? 0x01 : 0xc4;
  put32 (response + 2, (uint32_t) length);
  put32 (response + 6, code);
  return write (pair->server_fd, response, length) == (ssize_t) length ? 0 : errno;
}

int
pair_reply (const struct pair *pair, uint32_t code, size_t length)
{
  uint8_t response[2 * MESSAGE_MAX] = { 0 };

  return send_response (pair, response, code, length);
}

/* TPM2_GetRandom.  The kernel would ask again soon for what it does not get.  */
static size_t
random_bytes (const uint8_t *command, uint8_t *body)
{
  memcpy (body, command + 10, 2);
  return 2 + (size_t) (body[0] << 8 | body[1]);
}

/* TPM2_GetCapability: the number of commands, their list, the PCR banks.  */
static size_t
tpm2_capability (const uint8_t *command, uint8_t *body)
{
  static const uint32_t commands[] = { 0x144, 0x143, 0x17a, 0x17b, 0x17e, 0x182 };
  static const uint8_t bank[] = { 0, 0x0b, 3, 0xff, 0xff, 0xff };
  const size_t count = sizeof (commands) / sizeof (commands[0]);
  uint32_t capability = get32 (command + 10);

  put32 (body + 1, capability);
  put32 (body + 5, 1);
  switch (capability)
    {
    case 2:
      put32 (body + 5, (uint32_t) count);
      for (size_t i = 0; i < count; i++)
        put32 (body + 9 + 4 * i, commands[i]);
      return 9 + sizeof (commands);
    case 5:
      memcpy (body + 9, bank, sizeof (bank));
      return 9 + sizeof (bank);
    default:
      put32 (body + 9, get32 (command + 14));
      put32 (body + 13, (uint32_t) count);
      return 17;
    }
}

/* TPM_GetCapability: timeouts or durations, a second each.  */
static size_t
tpm1_capability (uint8_t *body)
{
  put32 (body, 16);
  for (size_t i = 0; i < 4; i++)
    put32 (body + 4 + 4 * i, 1000000);
  return 20;
}

static bool
answer (const struct pair *pair, const uint8_t *command)
{
  uint8_t response[MESSAGE_MAX] = { 0 };
  size_t length = 10;

  if (pair->tpm2 && message_code (command) == GET_RANDOM && command[10] == 0)
    length += random_bytes (command, response + 10);
  else if (pair->tpm2 && message_code (command) == 0x17a)
    length += tpm2_capability (command, response + 10);
  else if (!pair->tpm2 && message_code (command) == 101)
    length += tpm1_capability (response + 10);
  else if (!pair->tpm2 && message_code (command) == 21)
    length += 20; /* a PCR */
  return send_response (pair, response, 0, length) == 0;
}

bool
pair_answer_one (const struct pair *pair)
{
  uint8_t command[MESSAGE_MAX] = { 0 };

  return read (pair->server_fd, command, sizeof (command)) >= 10 && answer (pair, command);
}

size_t
pair_take (const struct pair *pair, uint8_t command[MESSAGE_MAX])
{
  struct pollfd server = { .fd = pair->server_fd, .events = POLLIN };
  ssize_t length;

  for (;;)
    {
      if (poll (&server, 1, PATIENCE_MS) != 1)
        give_up ("no command for the server");
      length = read (pair->server_fd, command, MESSAGE_MAX);
      if (length < 0)
        give_up ("cannot read a command: %s", strerror (errno));
      if (length < 10 || message_code (command) != GET_RANDOM)
        return (size_t) length;
      answer (pair, command);
    }
}

/* Where the host takes its random numbers from this TPM, with the kernel's own module, it
   does so as soon as it can, and then from time to time.  */
static void
give_the_host_its_random_numbers (const struct pair *pair)
{
  struct pollfd server = { .fd = pair->server_fd, .events = POLLIN };
  FILE *file = fopen ("/sys/class/misc/hw_random/rng_current", "re");
  char current[32] = "";

  if (file != NULL && fgets (current, sizeof (current), file) != NULL
      && strncmp (current, "tpm-rng", 7) == 0)
    while (poll (&server, 1, 300) == 1 && (server.revents & POLLIN) != 0)
      pair_answer_one (pair);
  if (file != NULL)
    fclose (file);
}

void
pair_register (struct pair *pair)
{
  struct vtpm_error *error = NULL;
  struct pollfd events[2] = { { .fd = pair->server_fd, .events = POLLIN }, { .events = POLLIN } };

  if (vtpm_uevent_open (&events[1].fd, &error) < 0)
    give_up ("no uevents");
  while (!pair_is_registered (pair))
    {
      if (poll (events, 2, PATIENCE_MS) <= 0)
        give_up ("tpm%u is not registered", pair->number);
      if (events[1].revents != 0 && vtpm_uevent_drain (events[1].fd, &error) < 0)
        give_up ("no uevents");
      if ((events[0].revents & (POLLHUP | POLLERR)) != 0
          || ((events[0].revents & POLLIN) != 0 && !pair_answer_one (pair)))
        give_up ("tpm%u was given up", pair->number);
    }
  close (events[1].fd);
  give_the_host_its_random_numbers (pair);
}

struct pair
pair_make_registered (bool tpm2)
{
  struct pair pair = pair_make (tpm2);

  pair_register (&pair);
  return pair;
}

const char *
pair_poll (const struct pair *pair)
{
  static const struct
  {
    short mask;
    const char *name;
  } bits[] = { { POLLIN, "IN" }, { POLLOUT, "OUT" }, { POLLERR, "ERR" }, { POLLHUP, "HUP" } };
  static char text[32];
  struct pollfd server = { .fd = pair->server_fd, .events = POLLIN | POLLOUT };

  text[0] = '\0';
  poll (&server, 1, 0);
  for (size_t i = 0; i < sizeof (bits) / sizeof (bits[0]); i++)
    if ((server.revents & bits[i].mask) != 0)
      {
        if (text[0] != '\0')
          strcat (text, "|");
        strcat (text, bits[i].name);
      }
  return text[0] != '\0' ? text : "-";
}

static void
interrupt_only (int signal)
{
  (void) signal;
}

ssize_t
read_nonblocking (int fd, void *buffer, size_t size)
{
  const struct sigaction action = { .sa_handler = interrupt_only };
  const struct itimerval soon = { .it_value.tv_usec = 300000 }, never = { 0 };
  int flags = fcntl (fd, F_GETFL), errnum;
  ssize_t length;

  sigaction (SIGALRM, &action, NULL);
  setitimer (ITIMER_REAL, &soon, NULL);
  fcntl (fd, F_SETFL, flags | O_NONBLOCK);
  length = read (fd, buffer, size);
  errnum = errno;
  fcntl (fd, F_SETFL, flags);
  setitimer (ITIMER_REAL, &never, NULL);
  if (length >= 0)
    return length;
  return errnum == EINTR ? -ETIMEDOUT : -errnum;
}

static int
use_client_side (const char *node, uint8_t *message, size_t length)
{
  int fd = open (node, O_RDWR | O_CLOEXEC);

  if (fd < 0)
    return errno;
  if (write (fd, message, length) < 0)
    return errno;
  return read (fd, message, MESSAGE_MAX) < 0 ? errno : 0;
}

struct client
client_start (const struct pair *pair, const char *class, uint32_t ordinal)
{
  struct client client;
  uint8_t message[MESSAGE_MAX] = { 0x80, 0x01 };
  char node[32];
  int ends[2], result;

  if (pipe2 (ends, O_CLOEXEC) < 0)
    give_up ("no pipe");
  pair_node (pair, class, node, sizeof (node));
  put32 (message + 2, 12);
  put32 (message + 6, ordinal);
  client.pid = fork ();
  if (client.pid < 0)
    give_up ("cannot fork");
  if (client.pid == 0)
    {
      /* Neither the server nor the check's end is to depend on its client.  */
      close (pair->server_fd);
      close (STDOUT_FILENO);
      close (ends[0]);
      result = use_client_side (node, message, 12);
      if (write (ends[1], &result, sizeof (result)) < 0)
        _exit (1);
      _exit (0);
    }
  close (ends[1]);
  client.result_fd = ends[0];
  return client;
}

int
client_end (struct client *client, int milliseconds)
{
  struct pollfd result = { .fd = client->result_fd, .events = POLLIN };
  int errnum = ECHILD;

  if (poll (&result, 1, milliseconds) == 0)
    return ETIMEDOUT;
  if (read (client->result_fd, &errnum, sizeof (errnum)) < 0)
    give_up ("cannot read from a client");
  waitpid (client->pid, NULL, 0);
  close (client->result_fd);
  return errnum;
}
