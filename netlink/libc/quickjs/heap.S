/* The heap: space to build it in, or (with HEAP_FILE) the built one. The linker puts it at a fixed address. */
        .section .note.GNU-stack,"",%progbits
        .globl  heap_section, heap_section_end
        .balign 4096
#ifdef HEAP_FILE
        .section .heap,"aw",%progbits
heap_section: .incbin HEAP_FILE
#else
        .section .heap,"aw",%nobits
heap_section: .skip   8 << 20
#endif
heap_section_end:
        .size   heap_section, . - heap_section
        .type   heap_section, %object
