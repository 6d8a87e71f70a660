package hello;

import java.util.Map;

/** Answers every request with a greeting, and logs its path. */
public class Hello {
    public Map<String, Object> handle(Map<String, Object> event) {
        System.out.println("request " + event.getOrDefault("rawPath", "/"));
        return Map.of("statusCode", 200, "body", "Hello from Lambda!");
    }
}
