/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "sandbox.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tpm_commands.h"
#include "tpm_engine.h"

#define PATIENCE_SECONDS 20

/* Exit statuses of a child.  */
enum
{
  DONE = 0,
  NOT_SET_UP = 90,
  SURVIVED = 91,
  COMMAND_FAILED = 92, /* and above: which one */
};

typedef void (*child_function) (void);

/* Ends the process by the system call itself.  A sanitizer looks for leaks in
   _exit(2), and calls sigaltstack(2) before any function that is declared not
   to return: the filter knows neither.  */
static void
leave (int status)
{
  syscall (SYS_exit_group, status);
}

static int
run_child (child_function function)
{
  pid_t pid = fork ();
  int status;

  cr_assert_geq (pid, 0);
  if (pid == 0)
    {
      function ();
      leave (DONE);
    }
  cr_assert_eq (waitpid (pid, &status, 0), pid);
  return status;
}

static void
close_door (void)
{
  if (vtpm_sandbox_close_door (NULL) < 0)
    leave (NOT_SET_UP);
}

static void
take_limits (void)
{
  if (vtpm_sandbox_limits (getppid (), NULL) < 0)
    leave (NOT_SET_UP);
}

/* Every forbidden call is made directly: a wrapper may make another one.  */

static void
forbidden_open (void)
{
  syscall (SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
}

static void
forbidden_socket (void)
{
  syscall (SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static void
forbidden_clone (void)
{
  if (syscall (SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0)
    leave (DONE);
}

static void
forbidden_clone3 (void)
{
  syscall (SYS_clone3, NULL, 0);
}

static void
forbidden_execve (void)
{
  char *arguments[] = { NULL };

  syscall (SYS_execve, "/bin/true", arguments, arguments);
}

static void
forbidden_mmap_executable (void)
{
  syscall (SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
forbidden_mmap_file (void)
{
  syscall (SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 0);
}

static void
forbidden_mprotect (void)
{
  syscall (SYS_mprotect, NULL, 4096, PROT_READ | PROT_EXEC);
}

static void
forbidden_kill (void)
{
  syscall (SYS_kill, 1, 0);
}

static void
forbidden_tgkill_other (void)
{
  pid_t other = 1;

  syscall (SYS_tgkill, other, other, SIGABRT);
}

static void
forbidden_tgkill_other_signal (void)
{
  syscall (SYS_tgkill, getpid (), gettid (), SIGUSR1);
}

static void
forbidden_ptrace (void)
{
  syscall (SYS_ptrace, PTRACE_TRACEME, 0, NULL, NULL);
}

static void
forbidden_dup (void)
{
  syscall (SYS_dup, 0);
}

static void
forbidden_fcntl (void)
{
  syscall (SYS_fcntl, 0, F_DUPFD, 0);
}

static void
forbidden_ioctl (void)
{
  syscall (SYS_ioctl, 0, 0, NULL);
}

static void
forbidden_recvmsg (void)
{
  syscall (SYS_recvmsg, 0, NULL, 0);
}

static void
forbidden_sendmsg (void)
{
  syscall (SYS_sendmsg, 0, NULL, 0);
}

static void
forbidden_memfd (void)
{
  syscall (SYS_memfd_create, "x", 0);
}

static void
forbidden_prctl (void)
{
  syscall (SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void
forbidden_prlimit (void)
{
  syscall (SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, NULL);
}

static void
forbidden_process_vm_readv (void)
{
  syscall (SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0);
}

static void
forbidden_sigaction (void)
{
  syscall (SYS_rt_sigaction, SIGSYS, NULL, NULL, 8);
}

static void
forbidden_futex_wait (void)
{
  uint32_t word = 0;

  syscall (SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
}

static void
forbidden_writev (void)
{
  syscall (SYS_writev, STDOUT_FILENO, NULL, 0);
}

static void
forbidden_unshare (void)
{
  syscall (SYS_unshare, 0);
}

static void
forbidden_bpf (void)
{
  syscall (SYS_bpf, 0, NULL, 0);
}

static void
forbidden_io_uring (void)
{
  syscall (SYS_io_uring_setup, 1, NULL);
}

#ifdef __x86_64__
/* getpid in the numbering of i386, and of x32: allowed in neither, although the
   native one is.  */
static void
forbidden_i386 (void)
{
  long result = 20;

  __asm__ volatile ("int $0x80" : "+a" (result) : : "memory");
}

static void
forbidden_x32 (void)
{
  syscall (0x40000000 | SYS_getpid);
}
#endif

static const struct
{
  const char *name;
  child_function call;
} forbidden[] = {
  { "openat", forbidden_open },
  { "socket", forbidden_socket },
  { "clone", forbidden_clone },
  { "clone3", forbidden_clone3 },
  { "execve", forbidden_execve },
  { "mmap, executable", forbidden_mmap_executable },
  { "mmap of a file", forbidden_mmap_file },
  { "mprotect", forbidden_mprotect },
  { "kill", forbidden_kill },
  { "tgkill of another process", forbidden_tgkill_other },
  { "tgkill with another signal", forbidden_tgkill_other_signal },
  { "ptrace", forbidden_ptrace },
  { "dup", forbidden_dup },
  { "fcntl", forbidden_fcntl },
  { "ioctl", forbidden_ioctl },
  { "recvmsg", forbidden_recvmsg },
  { "sendmsg", forbidden_sendmsg },
  { "memfd_create", forbidden_memfd },
  { "prctl", forbidden_prctl },
  { "prlimit64", forbidden_prlimit },
  { "process_vm_readv", forbidden_process_vm_readv },
  { "rt_sigaction", forbidden_sigaction },
  { "futex, waiting", forbidden_futex_wait },
  { "writev", forbidden_writev },
  { "unshare", forbidden_unshare },
  { "bpf", forbidden_bpf },
  { "io_uring_setup", forbidden_io_uring },
#ifdef __x86_64__
  { "getpid of i386", forbidden_i386 },
  { "getpid of x32", forbidden_x32 },
#endif
};

static child_function chosen;

static void
make_chosen_call (void)
{
  close_door ();
  chosen ();
  leave (SURVIVED);
}

Test (emulator_sandbox, kills_for_a_forbidden_call)
{
  for (size_t i = 0; i < sizeof (forbidden) / sizeof (forbidden[0]); i++)
    {
      int status;

      chosen = forbidden[i].call;
      status = run_child (make_chosen_call);
      cr_expect (WIFSIGNALED (status) && WTERMSIG (status) == SIGSYS, "%s: wait status 0x%x",
                 forbidden[i].name, status);
    }
}

static void
only_close_door (void)
{
  close_door ();
}

Test (emulator_sandbox, lets_a_process_exit)
{
  cr_assert_eq (run_child (only_close_door), 0);
}

/* What malloc, realloc and free do to a block beyond malloc's threshold; a
   sanitizer's own malloc does other things.  */
static void
use_large_blocks (void)
{
  const size_t small = 1 << 20, large = 4 << 20;
  char *block;

  close_door ();
  block = mmap (NULL, small, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block != MAP_FAILED)
    block = mremap (block, small, large, MREMAP_MAYMOVE);
  if (block == MAP_FAILED || munmap (block, large) < 0)
    leave (SURVIVED);
}

Test (emulator_sandbox, lets_a_process_use_large_blocks)
{
  int status = run_child (use_large_blocks);

  cr_assert_eq (status, 0, "wait status 0x%x", status);
}

static void
abort_behind_the_door (void)
{
  /* For the reason given at leave().  */
  void (*volatile end) (void) = abort;

  close (STDERR_FILENO);
  close_door ();
  end ();
}

/* Whoever reads the exit status can tell a crash from a forbidden call.  */
Test (emulator_sandbox, lets_a_process_abort)
{
  int status = run_child (abort_behind_the_door);

  cr_assert (WIFSIGNALED (status) && WTERMSIG (status) == SIGABRT, "wait status 0x%x", status);
}

/* Work that reaches every corner of libcrypto that a TPM uses, each for the
   first time behind the door.  */
static const char *const work_2_0[] = {
  /* TPM2_SelfTest, full.  */
  "8001" "0000000b" "00000143" "01",
  /* TPM2_Hash, SHA-256; then SHA-512.  */
  "8001" "00000017" "0000017d" "0005" "0102030405" "000b" "40000007",
  "8001" "00000017" "0000017d" "0005" "0102030405" "000d" "40000007",
  /* TPM2_CreatePrimary, RSA 2048 signing key (noDA: the first use of another is
     answered with TPM_RC_RETRY); TPM2_Sign; TPM2_ContextSave (AES,
     HMAC); TPM2_FlushContext.  */
  "8002" "00000041" "00000131" "40000001" PASSWORD_AUTH "0004" "0000" "0000"
  "0018" "0001" "000b" "00040472" "0000" "0010" "0014" "000b" "0800" "00000000" "0000"
  "0000" "00000000",
  "8002" "00000047" "0000015d" "80000000" PASSWORD_AUTH "0020" DIGEST_32 "0010"
  "8024" "40000007" "0000",
  "8001" "0000000e" "00000162" "80000000",
  "8001" "0000000e" "00000165" "80000000",
  /* TPM2_CreatePrimary, P-256 signing key; TPM2_Sign; TPM2_Quote of PCR 0 to 7;
     TPM2_FlushContext.  */
  "8002" "00000041" "00000131" "40000001" PASSWORD_AUTH "0004" "0000" "0000"
  "0018" "0023" "000b" "00040472" "0000" "0010" "0018" "000b" "0003" "0010" "0000" "0000"
  "0000" "00000000",
  "8002" "00000047" "0000015d" "80000000" PASSWORD_AUTH "0020" DIGEST_32 "0010"
  "8024" "40000007" "0000",
  "8002" "00000029" "00000158" "80000000" PASSWORD_AUTH "0000" "0010"
  "00000001" "000b" "03" "ff0000",
  "8001" "0000000e" "00000165" "80000000",
  /* TPM2_StartAuthSession, HMAC with AES-128-CFB.  */
  "8001" "0000002f" "00000176" "40000007" "40000007" "0010" "000102030405060708090a0b0c0d0e0f"
  "0000" "00" "0006" "0080" "0043" "000b",
  /* TPM2_NV_DefineSpace, TPM2_NV_Write, TPM2_NV_Read: permanent state is stored
     in a large buffer.  */
  "8002" "0000002d" "0000012a" "40000001" PASSWORD_AUTH "0000"
  "000e" "01500020" "000b" "00020002" "0000" "0008",
  "8002" "00000027" "00000137" "40000001" "01500020" PASSWORD_AUTH "0004" "01020304" "0000",
  "8002" "00000023" "0000014e" "40000001" "01500020" PASSWORD_AUTH "0004" "0000",
  /* TPM2_ReadClock, TPM2_StirRandom, TPM2_Clear.  */
  "8001" "0000000a" "00000181",
  "8001" "00000010" "00000146" "0004" "01020304",
  "8002" "0000001b" "00000126" "4000000c" PASSWORD_AUTH,
  NULL,
};

static const char *const work_1_2[] = {
  /* TPM_SelfTestFull; TPM_CreateEndorsementKeyPair, RSA 2048; TPM_ReadPubek;
     TPM_OIAP.  */
  "00c1" "0000000a" "00000050",
  "00c1" "00000036" "00000078" DIGEST_20 "00000001" "0003" "0001"
  "0000000c" "00000800" "00000002" "00000000",
  "00c1" "0000001e" "0000007c" DIGEST_20,
  "00c1" "0000000a" "0000000a",
  NULL,
};

static void
execute_or_leave (struct vtpm_engine *engine, const char *text, int which)
{
  uint8_t command[VTPM_TPM_MESSAGE_MAX];
  const uint8_t *response;
  size_t size;

  if (vtpm_engine_process (engine, command, tpm_command_bytes (text, command), &response, &size,
                           NULL)
          < 0
      || tpm_response_code (response, size) != 0)
    leave (COMMAND_FAILED + which);
}

/* What a command that cannot be committed does.  */
static void
revert_or_leave (struct vtpm_engine *engine, int which)
{
  struct vtpm_engine_state state;
  uint8_t permanent[65536], volatile_state[65536];

  if (vtpm_engine_take_state (engine, &state, NULL) < 0
      || state.permanent_size > sizeof (permanent)
      || state.volatile_size > sizeof (volatile_state))
    leave (COMMAND_FAILED + which);
  memcpy (permanent, state.permanent, state.permanent_size);
  memcpy (volatile_state, state.volatile_state, state.volatile_size);
  state.permanent = permanent;
  state.volatile_state = volatile_state;
  state.saved = NULL;
  if (vtpm_engine_revert (engine, &state, NULL) < 0)
    leave (COMMAND_FAILED + which);
}

static void
do_work (enum vtpm_tpm_version version, const char *const work[])
{
  const struct tpm_commands *commands = &tpm_commands[version];
  const struct vtpm_engine_state nothing = { 0 };
  struct vtpm_engine *engine = NULL;

  take_limits ();
  if (vtpm_engine_new (version, &nothing, &engine, NULL) < 0
      || vtpm_engine_start (engine, NULL) < 0)
    leave (NOT_SET_UP);
  close_door ();
  for (int i = 0; work[i] != NULL; i++)
    execute_or_leave (engine, work[i], i);
  execute_or_leave (engine, commands->get_random, 80);
  execute_or_leave (engine, commands->extend_pcr_10, 81);
  revert_or_leave (engine, 83);
  if (vtpm_engine_shut_down (engine, NULL) < 0)
    leave (COMMAND_FAILED + 82);
  vtpm_engine_free (engine);
}

static void
work_as_2_0 (void)
{
  do_work (VTPM_TPM_2_0, work_2_0);
}

static void
work_as_1_2 (void)
{
  do_work (VTPM_TPM_1_2, work_1_2);
}

Test (emulator_sandbox, lets_a_tpm_2_0_work)
{
  int status = run_child (work_as_2_0);

  cr_assert_eq (status, 0, "wait status 0x%x", status);
}

Test (emulator_sandbox, lets_a_tpm_1_2_work)
{
  int status = run_child (work_as_1_2);

  cr_assert_eq (status, 0, "wait status 0x%x", status);
}

/* Counts the limits that are not as they should be.  */
static void
check_limits (void)
{
  static const int resources[] = { RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_NPROC, RLIMIT_NOFILE };
  int wrong = 0;
  int death_signal = 0;

  take_limits ();
  for (size_t i = 0; i < sizeof (resources) / sizeof (resources[0]); i++)
    {
      struct rlimit limit;

      if (getrlimit (resources[i], &limit) < 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
        wrong++;
    }
  wrong += prctl (PR_GET_DUMPABLE) != 0;
  wrong += prctl (PR_GET_PDEATHSIG, &death_signal) < 0 || death_signal != SIGKILL;
  wrong += open ("/dev/null", O_RDONLY) >= 0 || errno != EMFILE;
  wrong += dup (STDERR_FILENO) >= 0 || errno != EMFILE;
  leave (wrong);
}

Test (emulator_sandbox, sets_its_limits)
{
  int status = run_child (check_limits);

  cr_assert_eq (status, 0, "wait status 0x%x", status);
}

static void
have_another_parent (void)
{
  struct vtpm_error *error = NULL;

  leave (vtpm_sandbox_limits (getppid () + 1, &error) < 0 && vtpm_error_errnum (error) == ESRCH
             ? DONE
             : SURVIVED);
}

/* The parent died before the death signal was asked for.  */
Test (emulator_sandbox, notices_that_its_parent_has_died)
{
  cr_assert_eq (run_child (have_another_parent), 0);
}

/* Says through the pipe that it is ready, then waits for the signal.  */
static void
outlive_parent (int fd)
{
  alarm (2 * PATIENCE_SECONDS); /* in case it never comes */
  take_limits ();
  close_door ();
  if (write (fd, "x", 1) != 1)
    leave (NOT_SET_UP);
  for (;;)
    select (0, NULL, NULL, NULL, NULL);
}

/* The pipe's end of file tells that the grandchild has died.  */
Test (emulator_sandbox, dies_with_its_parent)
{
  int ends[2];
  char byte;
  pid_t parent;

  cr_assert_eq (pipe (ends), 0);
  parent = fork ();
  if (parent == 0)
    {
      if (fork () == 0)
        outlive_parent (ends[1]);
      close (ends[1]);
      alarm (2 * PATIENCE_SECONDS); /* in case nobody kills it */
      for (;;)
        pause ();
    }
  close (ends[1]);
  cr_assert_eq (read (ends[0], &byte, 1), 1);
  cr_assert_eq (kill (parent, SIGKILL), 0);
  cr_assert_eq (poll (&(struct pollfd) { .fd = ends[0], .events = POLLIN }, 1,
                      PATIENCE_SECONDS * 1000),
                1);
  cr_assert_eq (read (ends[0], &byte, 1), 0);
  waitpid (parent, NULL, 0);
}
