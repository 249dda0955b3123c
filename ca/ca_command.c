/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_command.h"

#include <ctype.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"
#include "deadline.h"
#include "json.h"
#include "openssl_cleanup.h"
#include "request_json.h"

struct stream
{
  int fd;
  char text[VTPM_CA_COMMAND_OUTPUT_MAX + 1];
  size_t size;
};

struct run
{
  const char *const *arguments;
  pid_t pid;
  int pidfd;
  int input; /* of the program */
  const char *question;
  size_t left;
  struct stream output, complaint;
};

static void
end (struct run **run)
{
  if (*run == NULL)
    return;
  vtpm_cleanup_close (&(*run)->pidfd);
  vtpm_cleanup_close (&(*run)->input);
  vtpm_cleanup_close (&(*run)->output.fd);
  vtpm_cleanup_close (&(*run)->complaint.fd);
  free (*run);
}

#define _cleanup_run_ VTPM_CLEANUP (end)

static int
new_run (const char *const *arguments, struct run **run, struct vtpm_error **error)
{
  struct run *made = calloc (1, sizeof (*made));

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", arguments[0]);
  made->arguments = arguments;
  made->pidfd = -1;
  made->input = -1;
  made->output.fd = -1;
  made->complaint.fd = -1;
  *run = made;
  return 0;
}

static __attribute__ ((__noreturn__)) void
become_program (const char *const *arguments, int input, int output, int complaint)
{
  char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  char *const environment[] = { path, NULL };
  const int fds[] = { input, output, complaint };

  vtpm_child_reset_signals ();
  if (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || setsid () < 0 || chdir ("/") < 0
      || vtpm_child_arrange_descriptors (fds, 3, VTPM_CHILD_STDIO_CLOSED, NULL) < 0)
    _exit (126);
  for (int fd = 0; fd < 3; fd++)
    if (dup2 (3 + fd, fd) < 0)
      _exit (126);
  close_range (3, 5, 0);
  execve (arguments[0], (char *const *) arguments, environment);
  dprintf (STDERR_FILENO, "cannot execute: %s\n", strerror (errno));
  _exit (127);
}

static int
abandon (const struct run *run, struct vtpm_error **error)
{
  int errnum = errno;

  kill (run->pid, SIGKILL);
  waitpid (run->pid, NULL, 0);
  return vtpm_error_set (error, errnum, "cannot watch it");
}

static int
start (struct run *run, struct vtpm_error **error)
{
  int input[2], output[2] = { -1, -1 }, complaint[2] = { -1, -1 };
  int result = 0;

  if (pipe2 (input, O_CLOEXEC) < 0)
    return vtpm_error_set (error, errno, "cannot make a pipe");
  run->input = input[1];
  if (pipe2 (output, O_CLOEXEC) < 0 || pipe2 (complaint, O_CLOEXEC) < 0
      || fcntl (run->input, F_SETFL, O_NONBLOCK) < 0 || fcntl (output[0], F_SETFL, O_NONBLOCK) < 0
      || fcntl (complaint[0], F_SETFL, O_NONBLOCK) < 0)
    result = vtpm_error_set (error, errno, "cannot make a pipe");
  run->output.fd = output[0];
  run->complaint.fd = complaint[0];
  if (result == 0)
    {
      run->pid = fork ();
      if (run->pid == 0)
        become_program (run->arguments, input[0], output[1], complaint[1]);
      if (run->pid < 0)
        result = vtpm_error_set (error, errno, "cannot fork");
      else if ((run->pidfd = (int) syscall (SYS_pidfd_open, run->pid, 0)) < 0)
        result = abandon (run, error);
    }
  vtpm_cleanup_close (&input[0]);
  vtpm_cleanup_close (&output[1]);
  vtpm_cleanup_close (&complaint[1]);
  return result;
}

/* A program may answer without having read all.  */
static void
feed (struct run *run)
{
  ssize_t written = write (run->input, run->question, run->left);

  if (written < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (written > 0)
    {
      run->question += written;
      run->left -= (size_t) written;
    }
  if (written < 0 || run->left == 0)
    vtpm_cleanup_close (&run->input);
}

/* Takes what there is now.  Of too much the beginning stays, and the rest is let go.  */
static void
drain (struct stream *stream)
{
  char rest[4096];
  size_t room = sizeof (stream->text) - 1 - stream->size;
  ssize_t got = room > 0 ? read (stream->fd, stream->text + stream->size, room)
                         : read (stream->fd, rest, sizeof (rest));

  if (got < 0 && (errno == EINTR || errno == EAGAIN))
    return;
  if (got <= 0)
    vtpm_cleanup_close (&stream->fd);
  else if (room > 0)
    stream->size += (size_t) got;
}

/* *ENDED: the program has.  What it has left running may keep its streams open.  */
static int
converse (struct run *run, vtpm_deadline deadline, bool *ended, struct vtpm_error **error)
{
  struct pollfd waits[] = {
    { .fd = run->input, .events = POLLOUT },
    { .fd = run->output.fd, .events = POLLIN },
    { .fd = run->complaint.fd, .events = POLLIN },
    { .fd = run->pidfd, .events = POLLIN },
  };
  int ready = poll (waits, 4, vtpm_deadline_left (deadline));

  if (ready < 0 && errno != EINTR)
    return vtpm_error_set (error, errno, "cannot wait for it");
  if (ready == 0)
    return vtpm_error_set_plain (error, ETIMEDOUT, "did not answer in time");
  if (ready < 0)
    return 0;
  if (waits[0].revents != 0)
    feed (run);
  if (waits[1].revents != 0)
    drain (&run->output);
  if (waits[2].revents != 0)
    drain (&run->complaint);
  /* Everything it has written was there before its end.  */
  *ended = waits[3].revents != 0 && waits[1].revents == 0 && waits[2].revents == 0;
  return 0;
}

/* The last line, printable.  */
static const char *
last_words (struct stream *complaint)
{
  char *text = complaint->text;

  while (complaint->size > 0 && isspace ((unsigned char) text[complaint->size - 1]))
    text[--complaint->size] = '\0';
  for (char *next = text; *next != '\0'; next++)
    {
      if (*next == '\n')
        text = next + 1;
      else if (!isprint ((unsigned char) *next))
        *next = '?';
    }
  return text;
}

static int
reap (struct run *run, struct vtpm_error **error)
{
  const char *words;
  int status = 0;

  while (waitpid (run->pid, &status, 0) < 0 && errno == EINTR)
    continue;
  if (status == 0)
    return 0;
  words = last_words (&run->complaint);
  if (WIFSIGNALED (status))
    return vtpm_error_set_plain (error, ECHILD, "was killed by signal %d", WTERMSIG (status));
  return vtpm_error_set_plain (error, ECHILD, "exit status %d%s%.200s", WEXITSTATUS (status),
                               words[0] != '\0' ? ": " : "", words);
}

static int
await (struct run *run, unsigned int timeout, struct vtpm_error **error)
{
  vtpm_deadline deadline = vtpm_deadline_after_seconds (timeout);
  bool ended = false;
  int result = 0;

  while (result == 0 && !ended)
    result = converse (run, deadline, &ended, error);
  kill (-run->pid, SIGKILL);
  return reap (run, result == 0 ? error : NULL) < 0 ? -1 : result;
}

static int
take_certificate (const struct run *run, uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size,
                  struct vtpm_error **error)
{
  _cleanup_bio_ BIO *memory = BIO_new_mem_buf (run->output.text, (int) run->output.size);
  _cleanup_x509_ X509 *found
      = memory != NULL ? PEM_read_bio_X509 (memory, NULL, NULL, NULL) : NULL;
  unsigned char *next = certificate;
  int length;

  if (found == NULL)
    return vtpm_error_set_plain (error, EBADMSG, "wrote %zu bytes, and no certificate in PEM",
                                 run->output.size);
  length = i2d_X509 (found, NULL);
  if (length <= 0 || length > VTPM_CERTIFICATE_MAX)
    return vtpm_error_set_plain (error, EBADMSG, "the certificate has %d bytes, not at most %d",
                                 length, VTPM_CERTIFICATE_MAX);
  *size = (size_t) i2d_X509 (found, &next);
  return 0;
}

static int
run_program (struct run *run, const struct vtpm_certificate_request *request, unsigned int timeout,
             struct vtpm_error **error)
{
  _cleanup_json_ json_object *json = NULL;

  if (vtpm_request_to_json (request, &json, error) < 0)
    return -1;
  run->question = json_object_to_json_string_ext (json, JSON_C_TO_STRING_PLAIN
                                                            | JSON_C_TO_STRING_NOSLASHESCAPE);
  run->left = strlen (run->question);
  return start (run, error) < 0 ? -1 : await (run, timeout, error);
}

int
vtpm_ca_command_run (const char *const *arguments, const struct vtpm_certificate_request *request,
                     X509 *issuer, unsigned int timeout,
                     uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size,
                     struct vtpm_error **error)
{
  _cleanup_run_ struct run *run = NULL;
  uint8_t found[VTPM_CERTIFICATE_MAX];
  size_t found_size = 0;

  if (new_run (arguments, &run, error) < 0)
    return -1;
  /* The time is that after it has signed.  */
  if (run_program (run, request, timeout, error) < 0
      || take_certificate (run, found, &found_size, error) < 0
      || vtpm_certificate_check (found, found_size, request, issuer, time (NULL), error)
             < 0)
    return vtpm_error_wrap (error, "%s", arguments[0]);
  memcpy (certificate, found, found_size);
  *size = found_size;
  return 0;
}
